"""The SDK's own tests of a tap, all of them, on all streams."""

from __future__ import annotations

import pytest
from singer_sdk.testing import get_tap_test_class

from tap_billit.streams import STREAMS
from tap_billit.tap import TapBillit
from tests.kit.run import UNHURRIED, catalog_of

# The SDK's suite warns where the demo leaves a documented property out, as Billit does.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records"),
    pytest.mark.filterwarnings("ignore:No records were available to test"),
]

TestTapBillit = get_tap_test_class(
    TapBillit,
    config={"environment": "demo", "files_url": "memory://tap-billit-sdk-tests", **UNHURRIED},
    catalog=catalog_of(*(stream.name for stream in STREAMS)),
)
