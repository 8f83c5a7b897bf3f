import re
from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import SimpleTestCase, tag

from perftests.load.services.nginx import PrivateNginx


class Example(PrivateNginx):
    def http(self):
        return "    server { return 204; }"


@tag("slow")
class ConfigurationTests(SimpleTestCase):
    def test_a_private_nginx_serves_what_it_is_told_with_all_its_files_in_its_folder(self):
        with TemporaryDirectory() as folder:
            text = Example(Path(folder)).configuration()
        self.assertIn("server { return 204; }", text)
        places = re.findall(r"(?:pid|_path) (\S+);", text)
        self.assertEqual(len(places), 6)
        self.assertTrue(all(place.startswith(f"{folder}/") for place in places))
