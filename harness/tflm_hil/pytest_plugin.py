"""The pytest plugin: options, fixtures, hooks. Everything else is in `tflm_hil.run`.

    pytest --board nucleo-f746zg-emulated tests/hil

Fixtures, from the widest to the narrowest:

    hil       the run: configuration, bench, what was measured, the report
    bench     the board with the firmware under test on it, working or a typed error
    device    a device that has just answered HELLO
    variant   one exported model of the zoo (`--hil-zoo`); parametrises the test over all
    measured  the variant streamed through the device and compared, once per run:
              `assert measured.verdict == "pass", measured.failure`

A `HilError` is a problem of board, link or tools: pytest shows it as *error*, never as *failed*,
and with one sentence in place of a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tflm_hil.errors import HilError
from tflm_hil.options import RunConfig, from_lookup
from tflm_hil.plugin import command_line
from tflm_hil.plugin.given_by_tests import checked_variant, given_by_the_test

if TYPE_CHECKING:
    from tflm_hil.bench.bench import Bench
    from tflm_hil.link.device import Device
    from tflm_hil.measure.measure import Measured
    from tflm_hil.models.zoo.manifest import Variant
    from tflm_hil.plugin.blocking import Reported
    from tflm_hil.plugin.ending import Ended
    from tflm_hil.run.interruption import Asked
    from tflm_hil.run.run import Run

CONFIG: pytest.StashKey[RunConfig | None] = pytest.StashKey()
ZOO: pytest.StashKey[list[Variant]] = pytest.StashKey()
COVERING: pytest.StashKey[list[Variant]] = pytest.StashKey()
WANTED: pytest.StashKey[list[Variant]] = pytest.StashKey()
LEFT_OUT: pytest.StashKey[list[Variant]] = pytest.StashKey()
RUN: pytest.StashKey[Run] = pytest.StashKey()
ASKED: pytest.StashKey[Asked] = pytest.StashKey()
REPORTED: pytest.StashKey[Reported] = pytest.StashKey()
SENT: pytest.StashKey[list[dict[str, Any]]] = pytest.StashKey()  # by xdist workers
TROUBLE: pytest.StashKey[HilError] = pytest.StashKey()
ENDED: pytest.StashKey[Ended] = pytest.StashKey()
RUN_FIXTURE = "_hil_run"
LAST = "hil_last"
WHERE = "hil_where"


# --- options and set-up ----------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Every option of `tflm_hil.options`, as flag and as ini value."""
    command_line.add_options(parser, pluginmanager)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None]:
    """An option `--board` of a conftest's own comes first; if there is none, it is ours."""
    known = early_config.known_args_namespace
    known.file_or_dir = command_line.without_values(args, known.file_or_dir)
    yield
    early_config.stash[command_line.TAKEN] = command_line.add_short_names(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Check what the user asked for before anything is collected."""
    config.addinivalue_line("markers", f"{LAST}: runs after all other tests of the session")
    config.addinivalue_line("markers", f"{WHERE}(holds=function): only variants where it is true")
    try:
        config.stash[CONFIG] = from_lookup(lambda name: _lookup(config, name))
    except HilError as error:
        raise pytest.UsageError(f"{type(error).__name__}: {error}") from error


def _lookup(config: pytest.Config, name: str) -> Any:
    if name.startswith("ini:"):
        return config.getini(name.removeprefix("ini:"))
    return config.getoption(name, default=None)


def pytest_report_header(config: pytest.Config) -> str | None:
    """One line that says what will be run on what."""
    hil = config.stash.get(CONFIG, None)
    return None if hil is None else f"hil: board {hil.board}, engine {hil.engine}"


# --- collection ------------------------------------------------------------------------------


def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the zoo; a damaged one is a mistake of the user's, reported before collection."""
    hil = session.config.stash.get(CONFIG, None)
    if hil is None:
        return
    from tflm_hil.bench.variants import whole_zoo
    from tflm_hil.run.covering import covering

    try:
        zoo = whole_zoo(hil)
        session.config.stash[ZOO] = zoo
        if hil.covering:
            session.config.stash[COVERING] = covering(zoo)
    except HilError as error:
        raise pytest.UsageError(f"{type(error).__name__}: {error}") from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise `variant` over the zoo; the ids are the variants' own."""
    if "variant" not in metafunc.fixturenames or given_by_the_test(metafunc, "variant", __name__):
        return
    stash = metafunc.config.stash
    zoo = stash.get(ZOO, None)
    if zoo is None:
        reason = command_line.needs_board(metafunc.config)
        skipped = pytest.param(None, marks=pytest.mark.skip(reason=reason))
        metafunc.parametrize("variant", [skipped], ids=["-"], indirect=True)
    else:
        where = metafunc.definition.get_closest_marker(WHERE)
        fitting = [item for item in zoo if where is None or where.kwargs["holds"](item)]
        runs_anyway = stash.get(COVERING, None)
        if runs_anyway is not None:
            from tflm_hil.run.covering import covering

            fitting = covering(fitting, first=runs_anyway)
        chosen = [pytest.param(item, marks=_skipped(item.left_out)) for item in fitting]
        metafunc.parametrize("variant", chosen, ids=[item.id for item in fitting], indirect=True)


def _skipped(reason: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.skip(reason=reason)] if reason else []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `hil_last` go to the end; the run will know which variants it needs.

    Variants that do not fit the model slot together are tested one slotful after the other.
    """
    wanted = {variant.id: variant for item in items if (variant := _variant_of(item)) is not None}
    config.stash[WANTED] = [variant for variant in wanted.values() if not variant.left_out]
    config.stash[LEFT_OUT] = [variant for variant in wanted.values() if variant.left_out]
    slotful = _slotfuls(config.stash[WANTED], config.stash.get(CONFIG, None))
    items.sort(key=lambda item: (item.get_closest_marker(LAST) is not None, slotful(item)))
    if config.pluginmanager.hasplugin("xdist"):
        # with --dist loadgroup a variant is measured by one worker only
        for item in items:
            if (variant := _variant_of(item)) is not None:
                item.add_marker(pytest.mark.xdist_group(variant.id))


def _variant_of(item: pytest.Item) -> Variant | None:
    callspec = getattr(item, "callspec", None)
    if callspec is None or item.config.stash.get(ZOO, None) is None:
        return None
    from tflm_hil.models.zoo.manifest import Variant

    value = callspec.params.get("variant")
    # tests that need no board may call something else so
    return value if isinstance(value, Variant) else None


def _slotfuls(wanted: list[Variant], run: RunConfig | None) -> Callable[[pytest.Item], int]:
    if not wanted or run is None:
        return lambda _: 0
    from tflm_hil.bench.slotfuls import Slotfuls

    plan = Slotfuls(wanted, run.spec.flash.slot_bytes)
    return lambda item: plan.number(_variant_of(item))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without --board the tests that need one are skipped, all with the same line."""
    needs_board = RUN_FIXTURE in getattr(item, "fixturenames", ())
    if needs_board and item.config.stash.get(CONFIG, None) is None:
        pytest.skip(command_line.needs_board(item.config))


# --- fixtures --------------------------------------------------------------------------------
# Those of the public names ask for each other by names of their own: a test may have a fixture or
# parameter called `hil` or `bench`, and ours go on working beside it.


@pytest.fixture(scope="session", name=RUN_FIXTURE)
def _hil_run(pytestconfig: pytest.Config) -> Run:
    """The run; it begins with the first test that needs a board."""
    from tflm_hil.plugin.terminal_progress import for_pytest
    from tflm_hil.run.interruption import Asked
    from tflm_hil.run.run import Run

    config = pytestconfig.stash[CONFIG]
    assert config is not None
    stash = pytestconfig.stash
    asked = stash[ASKED] = Asked()
    asked.listen()
    # two workers cannot go on with one run
    alone = not hasattr(pytestconfig, "workerinput")
    progress = for_pytest(pytestconfig)
    run = Run(config, progress, stash[WANTED], stash[LEFT_OUT], in_place=alone)
    stash[RUN] = run
    return run


@pytest.fixture(name="_hil_bench")
def _hil_bench(_hil_run: Run, request: pytest.FixtureRequest) -> Iterator[Bench]:
    _hil_run.enter_test(request.node.nodeid)
    yield _hil_run.bench
    _hil_run.leave_test()


@pytest.fixture(scope="session")
def hil(_hil_run: Run) -> Run:
    """The run: configuration, bench, what was measured, the report."""
    return _hil_run


@pytest.fixture
def bench(_hil_bench: Bench) -> Bench:
    """The board at work. What the emulator found during the test is an error of the test."""
    return _hil_bench


@pytest.fixture
def device(_hil_bench: Bench) -> Device:
    """A device that answers and runs the firmware under test."""
    return _hil_bench.device()


@pytest.fixture
def variant(request: pytest.FixtureRequest) -> Variant:
    """One exported model of the zoo."""
    chosen: Variant = request.param
    return chosen


@pytest.fixture
def measured(_hil_run: Run, _hil_bench: Bench, variant: Variant) -> Measured:
    """All test sequences of the variant through the device, compared rung by rung."""
    return _hil_run.measured(checked_variant(variant))


# --- errors ----------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A HilError is shown once, as its own text, and as an error in whatever phase it came."""
    error = call.excinfo.value if call.excinfo is not None else None
    if not isinstance(error, HilError):
        return (yield)
    from tflm_hil.plugin.blocking import Reported, shown

    reported = item.config.stash.setdefault(REPORTED, Reported())
    change = shown(error, item, run=item.config.stash.get(RUN, None), reported=reported)
    if change.blocked:
        call.excinfo = None  # pytest would format a traceback that nobody sees
    report = yield
    change.apply(report)
    return report


def pytest_report_teststatus(
    report: pytest.TestReport | pytest.CollectReport,
) -> tuple[str, str, str] | None:
    """Blocked tests have a count of their own."""
    if not report.skipped or not getattr(report, "user_properties", ()):
        return None
    from tflm_hil.plugin.blocking import BLOCKED, is_block

    return (BLOCKED, "b", BLOCKED.upper()) if is_block(report) else None


# --- the end ---------------------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """An xdist worker has ended: keep the record of its run."""
    sent = getattr(node, "workeroutput", {}).get("hil")
    if sent is not None:
        node.config.stash.setdefault(SENT, []).append(sent)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """The report before anything else; then what others write, JUnit's XML among it."""
    if session.config.stash.get(CONFIG, None) is None:
        return (yield)
    _end(session)
    from tflm_hil.plugin.junit import written_whole

    with written_whole(session.config):
        return (yield)


def _end(session: pytest.Session) -> None:
    """Close the run and write its report; what failed outside of any test fails the session."""
    config = session.config
    run, sent = config.stash.get(RUN, None), config.stash.get(SENT, [])
    if run is None and not sent:
        return
    from tflm_hil.plugin import ending
    from tflm_hil.plugin.counts import count
    from tflm_hil.plugin.failing import failing_tests

    failing = failing_tests(config)
    try:
        if run is not None:
            asked = config.stash[ASKED]
            interrupted = ending.interruption(session.exitstatus, asked)
            output = getattr(config, "workeroutput", None)
            reported = config.stash.get(REPORTED, None)
            blocked = reported.records() if reported is not None else ()
            ended = ending.end_run(
                run, count(config), blocked, failing, output, interrupted=interrupted
            )
            asked.forget()
        else:
            hil = config.stash[CONFIG]
            assert hil is not None
            ended = ending.end_workers(hil, sent, count(config), failing)
    except HilError as error:
        config.stash[TROUBLE] = error
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return
    config.stash[ENDED] = ended
    session.exitstatus = ending.exit_status(ended.record, session.exitstatus)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The report, and where it is."""
    trouble = config.stash.get(TROUBLE, None)
    if trouble is not None:
        terminalreporter.write_line(f"{type(trouble).__name__}: {trouble}", red=True)
    ended = config.stash.get(ENDED, None)
    if ended is None:
        return
    from tflm_hil.report.render.terminal import render

    reporter = terminalreporter
    reporter.section("hardware in the loop")
    width = reporter._tw.fullwidth if reporter.isatty else None
    text = render(
        ended.record,
        width=width,
        colour=reporter.hasmarkup,
        with_details=config.option.verbose > 0,
        rows="entries" if config.option.verbose < 0 else "auto",
    )
    reporter.write_line(text)
    reporter.write_line(f"report: {ended.path}, table: {ended.table}")
