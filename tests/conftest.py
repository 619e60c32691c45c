"""For all tests: pytest's own tester, for the plugin's tests."""

pytest_plugins = ["pytester"]
