"""The ways in which a user's code reaches a task."""

import bundled
import flyte
from conftest import PROGRAMS


def test_loaded_modules_are_bundled_for_parent_and_child(shared):
    assert shared.call(bundled.child_uses_a_module) == "hello from a module"


def test_a_bundle_of_everything_has_data_files(shared):
    run = flyte.with_runcontext(copy_style="all").run(bundled.uses_a_data_file)
    assert shared.result(run) == "hello from a data file"


def test_code_of_a_notebook_travels_as_a_pickle(shared):
    printed = shared.python(PROGRAMS / "notebook.py", shared.platform.endpoint)
    assert "gave 15" in printed


def test_an_equal_bundle_is_uploaded_once(shared):
    first = shared.run(bundled.uses_a_module)
    second = flyte.with_runcontext(disable_run_cache=True).run(bundled.uses_a_module)
    shared.finish(first), shared.finish(second)
    assert first.code_bundle().computed_version == second.code_bundle().computed_version
    assert first.code_bundle().tgz == second.code_bundle().tgz


def test_the_code_of_a_run_can_be_downloaded(shared, tmp_path):
    run = shared.finish(shared.run(bundled.uses_a_module))
    folder = run.download_code(dest=tmp_path / "code")
    assert "hello from a module" in (folder / "bundled_words.py").read_text()


def test_a_module_that_cannot_be_imported_is_a_clear_failure(shared, tmp_path, monkeypatch):
    program = tmp_path / "cannot_import.py"
    program.write_text(
        "import sys\nimport flyte\n\nif 'pytest' not in sys.modules:\n    import a_module_that_is_missing\n\n"
        "env = flyte.TaskEnvironment('cannot_import')\n\n\n@env.task\nasync def task() -> int:\n    return 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    flyte.init(
        endpoint=shared.platform.endpoint, insecure=True, project="flytesnacks", domain="development", root_dir=tmp_path
    )
    import cannot_import

    try:
        run = shared.finish(shared.run(cannot_import.task), "failed")
    finally:
        from conftest import connect

        connect(shared.platform)
    assert "a_module_that_is_missing" in shared.error(run).message
