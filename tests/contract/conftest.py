"""What contract tests share beyond standin.py: a stand that a test file has for itself."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

import pytest
from standin import NotBuilt, Stand

from tenfold.engine import EngineError


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """A network named after the test file, and what is started on it; gone at the file's end."""
    found = re.sub(r"^.*test_", "", request.module.__name__)
    with Stand(found) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """An engine or an image that is missing is one line, not a traceback."""
    try:
        return (yield)
    except (EngineError, NotBuilt) as error:
        pytest.fail(str(error), pytrace=False)
