"""Images: the process executor runs in the environment that is there, so none is ever built."""

import flyte
import packaged
from conftest import DOMAIN, PROGRAMS, PROJECT, connect


def test_an_image_with_packages_needs_no_build(shared):
    endpoint = shared.platform.endpoint
    flyte.init(
        endpoint=endpoint, insecure=True, project=PROJECT, domain=DOMAIN, root_dir=PROGRAMS, image_builder="remote"
    )
    try:
        assert shared.call(packaged.largest, [3, 9, 4]) == 9
    finally:
        connect(shared.platform)
