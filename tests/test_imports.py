"""The structure that the imports draw: packages in one order, and no circle of modules."""

from __future__ import annotations

import ast
import graphlib
import importlib.util
import pathlib
from collections.abc import Iterator

import pytest
from hamcrest import assert_that, empty, equal_to

import customerio_beam

#: The packages that each package may import. All of them may import the modules beside the packages.
ALLOWED: dict[str, set[str]] = {
    "mapping": set(),
    "reading": {"mapping"},
    "delivery": {"mapping"},
    "rules": {"mapping", "reading", "delivery"},
    "people": {"mapping", "reading", "delivery"},
    "profile": {"mapping", "delivery", "rules"},
    "report": {"mapping", "delivery", "rules", "profile"},
    "transforms": {"mapping", "reading", "delivery", "rules", "profile"},
    "pipeline": {"mapping", "reading", "delivery", "people", "profile", "report", "rules", "transforms"},
    "beam_yaml": {"mapping", "reading", "delivery", "rules", "transforms", "pipeline"},
    "sandbox": set(),
}

#: The modules of a package, each with the modules of the same package that it imports.
Imports = dict[str, set[str]]


def imports_within(folder: pathlib.Path) -> Imports:
    """Read a package's imports out of its source.

    Imports inside functions count, so that no circle hides there. Imports for type checkers alone don't.
    """
    files = {_module_name(folder, file): file for file in _source_files(folder)}
    found: Imports = {}
    for module, file in files.items():
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        names = set(_imported_names(ast.parse(file.read_bytes()), package))
        found[module] = {name if name in files else name.rpartition(".")[0] for name in names} & files.keys()
    return found


def _source_files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    for entry in folder.iterdir():
        if entry.is_dir():  # a link to one, too: Path.rglob would pass it by
            yield from _source_files(entry)
        elif entry.suffix == ".py":
            yield entry


def _module_name(folder: pathlib.Path, file: pathlib.Path) -> str:
    parts = file.relative_to(folder.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported_names(node: ast.AST, package: str) -> Iterator[str]:
    """Yield what is imported: modules, and names of modules, in full."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
        yield from (f"{module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        for child in node.orelse:
            yield from _imported_names(child, package)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _imported_names(child, package)


def circle_in(imports: Imports) -> list[str]:
    """Return modules that import each other in a circle, the first one again at the end; none if there is no circle."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def package_of(module: str) -> str:
    """Return the package inside customerio_beam that a module belongs to; empty for the modules beside them."""
    name = module.split(".")[1] if "." in module else ""
    return name if name in ALLOWED else ""


@pytest.fixture(scope="module")
def imports() -> Imports:
    return imports_within(pathlib.Path(customerio_beam.__file__).parent)


def test_every_package_has_its_place_in_the_order() -> None:
    packages = {file.parent.name for file in pathlib.Path(customerio_beam.__file__).parent.glob("*/__init__.py")}
    assert_that(packages - ALLOWED.keys(), empty(), "declare in ALLOWED what this package may import")


def test_packages_import_each_other_in_one_order_only(imports: Imports) -> None:
    wrong = [
        f"{module} imports {target}"
        for module, targets in imports.items()
        for target in targets
        if package_of(target) not in {"", package_of(module), *ALLOWED.get(package_of(module), ())}
    ]
    assert_that(wrong, empty(), "ALLOWED lists what a package may import")


def test_no_modules_import_each_other_in_a_circle(imports: Imports) -> None:
    assert_that(circle_in(imports), empty())


def test_a_circle_through_a_function_is_found(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cart.py").write_text("from shop.price import total")
    (package / "price.py").write_text("def total():\n    from . import cart")
    assert_that(set(circle_in(imports_within(package))), equal_to({"shop.cart", "shop.price"}))


def test_imports_for_type_checkers_alone_make_no_circle(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "cart.py").write_text("import shop.price")
    (package / "price.py").write_text("if TYPE_CHECKING:\n    from shop.cart import Cart\nelse:\n    Cart = object")
    assert_that(imports_within(package), equal_to({"shop.cart": {"shop.price"}, "shop.price": set()}))
