"""What holds for all tests: the order of their files, and how often garbage is looked for."""

import gc

import pytest

# Compiling makes many objects that live on: looking through them time and again is a fifth of it.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the many short files for the end, so that all workers end together."""
    items.sort(key=lambda item: "unit" in item.path.parts)
