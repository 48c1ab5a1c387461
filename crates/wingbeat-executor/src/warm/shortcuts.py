"""What the stock runtime does for each attempt, done once for all, late, or only where it matters.

Where this version of the package has no such place, it does as it always does. Part of the program that `memory.py` begins; it
uses `task_process.py`.
"""

import os
import sys


def share_tls_context():
    """Reads the certificates once: the runtime builds several clients, and reading takes most of their time."""
    try:
        from httpx._transports import default

        build = default.create_ssl_context
        made = build()
    except (ImportError, AttributeError, TypeError):
        return

    def trusted():
        """What code may have set that it trusts."""
        import ssl

        where = attributes(sys.modules.get("certifi", ssl)).get("where")
        return ssl.SSLContext, ssl.create_default_context, where, *map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))

    then = trusted()

    def shared(verify=True, cert=None, trust_env=True, **more):
        if verify is True and cert is None and trust_env and not more and trusted() == then:
            return made
        return build(verify=verify, cert=cert, trust_env=trust_env, **more)

    default.create_ssl_context = shared


def ask_git_only_where_it_matters():
    """A module that names an image has `git` asked for the root of its repository, to look for settings there: a process,
    for a folder that is in no repository.
    """
    try:
        from flyte import git

        ask = git.config_from_root
    except (ImportError, AttributeError):
        return

    def config_from_root(path=".flyte/config.yaml"):
        try:
            folder = os.getcwd()
        except OSError:
            return None
        named = any(name in os.environ for name in ("GIT_DIR", "GIT_WORK_TREE"))
        while not named and not os.path.exists(os.path.join(folder, path)):
            if folder == os.path.dirname(folder):
                return None
            folder = os.path.dirname(folder)
        return ask(path)

    git.config_from_root = config_from_root


def look_for_plugins_once():
    """The runtime reads what every installed package says of itself, to find plugins. That stays as it is while there are
    forks; what an attempt brings along is looked at by each.
    """
    import importlib

    try:
        module = importlib.import_module("flyte._utils.entry_points")
        scan = module._installed_entry_points
        installed = scan()
        scan.cache_clear()
    except (ImportError, AttributeError):
        return
    known = set(sys.path)

    def installed_entry_points():
        return scan() if any(brings_packages(folder) for folder in sys.path if folder not in known) else installed

    module._installed_entry_points = installed_entry_points


def brings_packages(folder):
    try:
        return any(name.endswith((".egg-info", ".dist-info", ".egg")) for name in os.listdir(folder or "."))
    except FileNotFoundError:
        return False
    except OSError:
        # An archive, for one.
        return True


def use_once():
    """What libraries make at their first use, and keep."""
    import contextlib
    import hashlib

    # Some do not allow it.
    with contextlib.suppress(ValueError):
        hashlib.md5(b"", usedforsecurity=False)


def compile_once(words, folder):
    """Modules of a bundle are compiled by the first attempt that imports them; others read what came of it in `folder`, if it is
    of a source with the same size and time. What the attempt itself writes is no part of the bundle.
    """
    import hashlib
    from importlib import _bootstrap_external as machinery

    try:
        bundle = "\0".join(words[words.index(flag) + 1] for flag in ("--tgz", "--version"))
        plain = machinery.cache_from_source
        # Written by the executor when it has unpacked the bundle.
        unpacked = os.stat(f".{os.path.basename(bundle.partition(chr(0))[0])}.extracted").st_ctime_ns
    except (ValueError, IndexError, AttributeError, OSError):
        return
    own = os.getcwd() + os.sep

    def is_brought(path):
        try:
            # Nobody can set that time.
            return os.stat(path).st_ctime_ns <= unpacked
        except OSError:
            return False

    kept = os.path.join(folder, hashlib.sha256(bundle.encode()).hexdigest()[:32])

    def cache_from_source(path, *args, **more):
        usual = plain(path, *args, **more)
        place = os.path.abspath(usual)
        # The folder goes with the interpreter, and nobody is to make it anew.
        shared = place.startswith(own) and os.path.isdir(folder) and is_brought(path)
        return os.path.join(kept, place[len(own) :]) if shared else usual

    machinery.cache_from_source = cache_from_source


class ForkedController(LazyController):
    """As `a0` uses one: it is watched from the beginning and stopped at the end."""

    def __init__(self, make):
        super().__init__(make)
        self.loop = None

    async def watch_for_errors(self):
        self.needed = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        if self.made is None:
            await self.needed.wait()
        await self.made.watch_for_errors()

    def was_made(self):
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.needed.set)

    async def stop(self):
        if self.made is not None:
            await self.made.stop()


def make_connections_late():
    """`a0` makes a client and a controller before it looks at the task. Here each is made when somebody calls it."""
    try:
        from flyte import _initialize
        from flyte._internal import controllers

        create, connect = controllers.create_controller, _initialize._initialize_client
        state = controllers._ControllerState
    except (ImportError, AttributeError):
        # Another version of the package: it does as it always does.
        return

    def create_later(ct, **more):
        if ct != "remote":
            return create(ct, **more)

        # Once it is made, it takes the place of what stands for it.
        state.controller = ForkedController(lambda: create(ct, **more))
        return state.controller

    async def connect_later(**more):
        # Only the first time, which is the runtime's own: a task that calls `flyte.init` wants to know at once.
        _initialize._initialize_client = connect
        if not more.get("endpoint") and not more.get("api_key"):
            return await connect(**more)
        return LazyClient(lambda: connect(**more))

    controllers.create_controller, _initialize._initialize_client = create_later, connect_later
