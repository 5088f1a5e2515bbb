"""The modules that a page is told to fetch at once."""

from pathlib import Path

from studio import WEB
from studio.wire.web import modules


def test_a_module_is_listed_with_all_that_it_imports_each_once(tmp_path: Path) -> None:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "page.js").write_text(
        'import { a } from "./kinds/a.js";\nimport {\n  b,\n} from "./b.js";\nimport("./c.js");\n'
    )
    (tmp_path / "kinds" / "a.js").write_text('import { b } from "../b.js";\nimport { lone } from "elsewhere";\n')
    (tmp_path / "b.js").write_text('import { a } from "./kinds/a.js";\n')
    assert modules(tmp_path, "page.js") == ["page.js", "kinds/a.js", "b.js"]


def test_the_pages_modules_are_found() -> None:
    assert {"dom.js", "socket.js", "gradio/outputs.js"} <= set(modules(WEB, "studio.js"))
