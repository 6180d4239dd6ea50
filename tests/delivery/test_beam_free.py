import subprocess
import sys


def test_delivery_imports_neither_beam_nor_googles_libraries():
    """They take seconds to import, and delivery must be usable and testable without them."""
    program = (
        "import pkgutil, importlib, sys, delivery\n"
        "for module in pkgutil.iter_modules(delivery.__path__): importlib.import_module('delivery.' + module.name)\n"
        "heavy = 'apache_beam', 'google.cloud.secretmanager_v1', 'google.api_core', 'grpc'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
