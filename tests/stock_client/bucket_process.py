"""A real S3 server (moto, from PyPI) on a free port, in a process of its own that ends with this one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import boto3
from botocore.config import Config

KEY_ID = "AKIDWINGBEATTESTS"
SECRET = "sesame-of-the-bucket"
REGION = "eu-west-3"

# Ends when its standard input does: no kill of ours leaves it behind.
PROGRAM = """
import json, sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(json.dumps(server.get_host_and_port()), flush=True)
sys.stdin.read()
server.stop()
"""


class Buckets:
    """The server. `end` it."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        said: list[bytes] = []
        reader = threading.Thread(target=lambda: said.append(self.process.stdout.readline()), daemon=True)
        reader.start()
        reader.join(60)
        assert said and said[0], "the S3 server says where it listens"
        host, port = json.loads(said[0])
        self.endpoint = f"http://{host}:{port}"
        self._count = 0

    def client(self):
        """A client that nobody of us wrote."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name=REGION,
            config=Config(proxies={}),
        )

    def bucket(self) -> str:
        """Makes a new bucket and returns its name."""
        self._count += 1
        name = f"wingbeat-tests-{self._count}"
        self.client().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The names of all objects below a prefix."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def account(self) -> dict[str, str]:
        """The variables that lead a program here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
        }

    def end(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
