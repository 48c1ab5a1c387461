"""What the command line of `a0` says. Third part of the program that `task_process.py` begins and `worker.py` ends.

click makes its parser anew for each command line, which takes a quarter of a small task's time. One of the plain form that
the executor sends is read here, as click would read it; every other one is click's.
"""

import os

# An option with one text behind it.
PLAIN = {"nargs": 1, "multiple": False, "default": None, "is_flag": False, "count": False, "prompt": None}


class CommandLine:
    def __init__(self, command):
        self.command = command
        # By how they are spelled; how variables name them; which one takes the rest; which have to be there.
        self.options, self.variables, self.rest, self.required = {}, {}, None, set()
        self.absent = {}
        # Whether it is read here as click reads it: asked once.
        self.trusted = None
        for param in command.params:
            self.learn(param)

    def learn(self, param):
        import click

        told = param.to_info_dict()
        # What it is where it is not given has to be the same for every line.
        if param.callback is not None or callable(param.default):
            self.trusted = False
        self.absent[param.name] = told["default"]
        if isinstance(param, click.Option) and isinstance(param.envvar, (str, type(None))):
            if param.envvar:
                self.variables[param.envvar] = param.name
            if param.required:
                self.required.add(param.name)
            if PLAIN.items() <= told.items() and param.type is click.STRING:
                self.options.update(dict.fromkeys(param.opts, param.name))
        elif isinstance(param, click.Argument) and (param.nargs, param.required, self.rest) == (-1, False, None):
            if param.type not in (click.STRING, click.UNPROCESSED):
                self.trusted = False
            self.rest, self.absent[param.name] = param.name, ()
        else:
            self.trusted = False

    def read(self, words):
        """The value of each parameter, by its name. Raises what click raises."""
        plain = None if self.trusted is False else self.read_plain(words)
        if plain is not None and self.trusted:
            return plain
        told = self.command.make_context(self.command.name, list(words)).params
        if plain is not None:
            self.trusted = plain == told
        return told

    def read_plain(self, words):
        """`None`: only click knows."""
        given, rest, words = {}, [], iter(words)
        for word in words:
            if not word.startswith("-") and self.rest is not None:
                rest.append(word)
            elif word in self.options:
                value = given[self.options[word]] = next(words, None)
                if value is None:
                    return None
            else:
                return None
        for variable, name in self.variables.items():
            value = os.environ.get(variable)
            if value and name not in given:
                if name not in self.options.values():
                    return None
                given[name] = value
        if not self.required <= given.keys():
            return None
        return {**self.absent, **given, **({self.rest: tuple(rest)} if rest else {})}
