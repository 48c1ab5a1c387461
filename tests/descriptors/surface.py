"""A descriptor set as a flat table: one line per thing that a client can depend on.

Decides what counts as the surface of the API. Comments, source positions and the order of
declarations do not; options do, decoded through the set's own extensions.
"""

from __future__ import annotations

import importlib
import pkgutil

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.unknown_fields import UnknownFieldSet

FieldProto = descriptor_pb2.FieldDescriptorProto


def installed(package: str) -> descriptor_pb2.FileDescriptorSet:
    """The descriptors inside an installed Python package, with everything they import."""
    descriptors = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()

    def add(file) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            add(dependency)
        # The bytes as generated: going through the runtime would normalise them.
        descriptors.file.add().ParseFromString(file.serialized_pb)

    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        if module.name.endswith("_pb2"):
            add(importlib.import_module(module.name).DESCRIPTOR)
    return descriptors


class Surface:
    """Builds the table of the files below `folder` in `table`: kind and full name to facts.

    The rest of the set (`google/`, `buf/`) only serves to decode options: it comes from other
    packages, in whatever version each client has.
    """

    def __init__(self, descriptors: descriptor_pb2.FileDescriptorSet, folder: str) -> None:
        self._pool = descriptor_pool.DescriptorPool()
        for file in descriptors.file:
            self._pool.Add(file)
        self.table: dict[str, dict] = {}
        for file in descriptors.file:
            if file.name.startswith(folder):
                self._file(file)

    def _put(self, key: str, **facts) -> None:
        assert key not in self.table, key
        self.table[key] = facts

    def _options(self, message) -> dict:
        """Options as plain data, so that byte order and unset members do not matter."""
        if not message.ByteSize():
            return {}
        descriptor = self._pool.FindMessageTypeByName(message.DESCRIPTOR.full_name)
        decoded = message_factory.GetMessageClass(descriptor)()
        decoded.ParseFromString(message.SerializeToString())
        assert not len(UnknownFieldSet(decoded)), f"options that nothing declares: {decoded}"
        return json_format.MessageToDict(
            decoded, preserving_proto_field_name=True, descriptor_pool=self._pool
        )

    def _file(self, file: descriptor_pb2.FileDescriptorProto) -> None:
        options = self._options(file.options)
        # A hint to the generator of one language: packages built for others lack it.
        options.pop("optimize_for", None)
        self._put(
            f"file {file.name}",
            package=file.package,
            syntax=file.syntax or "proto2",
            options=options,
        )
        for dependency in file.dependency:
            self._put(f"import {file.name} <- {dependency}")
        for message in file.message_type:
            self._message(file.name, file.package, message)
        for enum in file.enum_type:
            self._enum(file.name, file.package, enum)
        for field in file.extension:
            self._field("extension", f"{file.package}.{field.name}", field, [])
        for service in file.service:
            self._service(file.name, file.package, service)

    def _message(self, file: str, scope: str, message: descriptor_pb2.DescriptorProto) -> None:
        name = f"{scope}.{message.name}"
        self._put(
            f"message {name}",
            file=file,
            reserved=sorted((r.start, r.end) for r in message.reserved_range),
            reserved_names=sorted(message.reserved_name),
            extensions=sorted((r.start, r.end) for r in message.extension_range),
            options=self._options(message.options),
        )
        oneofs = [oneof.name for oneof in message.oneof_decl]
        for oneof in message.oneof_decl:
            self._put(f"oneof {name}.{oneof.name}", options=self._options(oneof.options))
        for field in message.field:
            self._field("field", f"{name}.{field.name}", field, oneofs)
        for field in message.extension:
            self._field("extension", f"{name}.{field.name}", field, [])
        for enum in message.enum_type:
            self._enum(file, name, enum)
        for nested in message.nested_type:
            self._message(file, name, nested)

    def _field(self, kind: str, name: str, field: FieldProto, oneofs: list[str]) -> None:
        self._put(
            f"{kind} {name}",
            number=field.number,
            label=FieldProto.Label.Name(field.label),
            type=FieldProto.Type.Name(field.type),
            type_name=field.type_name,
            extendee=field.extendee,
            default=field.default_value,
            json_name=field.json_name or json_name(field.name),
            oneof=oneofs[field.oneof_index] if field.HasField("oneof_index") else None,
            optional=field.proto3_optional,
            options=self._options(field.options),
        )

    def _enum(self, file: str, scope: str, enum: descriptor_pb2.EnumDescriptorProto) -> None:
        name = f"{scope}.{enum.name}"
        self._put(
            f"enum {name}",
            file=file,
            reserved=sorted((r.start, r.end) for r in enum.reserved_range),
            reserved_names=sorted(enum.reserved_name),
            options=self._options(enum.options),
        )
        for value in enum.value:
            self._put(
                f"value {name}.{value.name}",
                number=value.number,
                options=self._options(value.options),
            )

    def _service(
        self, file: str, scope: str, service: descriptor_pb2.ServiceDescriptorProto
    ) -> None:
        name = f"{scope}.{service.name}"
        self._put(f"service {name}", file=file, options=self._options(service.options))
        for method in service.method:
            self._put(
                f"rpc {name}.{method.name}",
                input=method.input_type,
                output=method.output_type,
                client_streaming=method.client_streaming,
                server_streaming=method.server_streaming,
                options=self._options(method.options),
            )


def json_name(name: str) -> str:
    """The JSON name that protoc derives when a descriptor does not spell one out."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)
