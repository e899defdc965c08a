#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lint_test - proves that each rule of lint.py can fail, and that it is silent on what is right.

usage: lint_test.py ROOT        (for the true docs/layers.txt)

Each case is one file put into an otherwise good little tree.
"""

import os
import shutil
import sys
import tempfile
import unittest

import lint

ROOT = sys.argv.pop(1)
HEAD = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"

GOOD = {
    "lib/base/err.h": HEAD,
    "lib/base/err.c": HEAD + '#include "lib/base/err.h"\n#include <errno.h>\n',
    "lib/obj/obj.c": HEAD + '#include "lib/obj/obj.h"\n#include "lib/base/err.h"\n',
    "lib/obj/CMakeLists.txt": "target_link_libraries(moat_obj PUBLIC moat_base)\n",
    "lib/kern/rtnl.c": HEAD + '#include <libmnl/libmnl.h>\n#include "lib/obj/obj.h"\n'
                              "int x = NLMSG_ERROR;\nvoid f(void) { mnl_attr_put(0); }\n",
    "lib/kern/CMakeLists.txt": "target_link_libraries(moat_kern PRIVATE PkgConfig::libmnl)\n",
    "lib/model/a.c": HEAD + "/* mnl_attr_put(), system() and \"/sbin/ip\" in a comment */\n"
                            "// nftnl_rule_add()\n"
                            'const char *s = "NLMSG_ERROR of mnl_x", *k = "ip", *b = "bridge";\n'
                            "int my_mnl_thing, filesystem(int a), execute(char *x);\n",
    "netd/seam/seam.c": HEAD + '#include "lib/plan/plan.h"\n',
    "netd/loop/loop.c": HEAD + "#include <event2/event.h>\n",
    "netd/engine/compare/monitor.c": HEAD + '#include "lib/kern/rtnl_decode.h"\n'
                                    '#include "netd/loop/loop.h"\n',
    "netd/engine/CMakeLists.txt":
        "target_link_libraries(moatd-engine moat_kern moat_model)\n",
    "netd/hand/exec.c": HEAD + '#include "lib/kern/rtnl.h"\n#include "netd/seam/seam.h"\n',
    "netd/supervisor/main.c": HEAD + '#include "netd/supervisor/spawn.h"\n#include "lib/base/err.h"\n',
    "runner/cli/lab/yaml.c": HEAD + '#include "runner/cli/cli.h"\n#include "runner/spec/spec.h"\n'
                                    'static const char *names[][2] = { { "bridge", "b" } };\n'
                                    'const struct json_field f[] = { { "ip", JSON_STRING } };\n',
    "cni/main.c": HEAD + '#include "lib/varlink/varlink.h"\n',
    "tests/oracle/ip.c": HEAD + '#include "lib/kern/rtnl.h"\n#include "netd/hand/exec.h"\n'
                                'void f(void) { system("ip link"); mnl_x(); }\n',
    "tests/platform/x.c": HEAD + "int main(void)\n{\n}\n",
    "tests/lib/needs.h": HEAD + "static inline void needs(int there) { if (!there) skip(); }\n",
    "tests/unit/x.c": HEAD + "/* skip() */\nstatic void needs_root(void **state)\n{\n\tneeds(0);\n\tworld_skip();\n}\n"
                             "static void other(void **state)\n{\n}\n",
}

# rule, file, content
BAD = (
    ("skip", "tests/unit/y.c", "static void some(void **state)\n{\n\tskip();\n}\n"),
    ("skip", "tests/unit/y.c", "static void needs_some(void **state)\n{\n\tskip();\n}\n"),
    ("skip", "tests/netns/y.c", "static void needs_a(void **s)\n{\n}\nstatic void b(void **s)\n{\n\tneeds(0);\n}\n"),
    ("floor", "lib/base/x.c", '#include "lib/obj/obj.h"\n'),
    ("floor", "lib/obj/x.c", '#include "lib/kern/rtnl.h"\n'),
    ("floor", "lib/obj/x.h", '  #  include "lib/model/model.h"\n'),
    ("floor", "lib/kern/x.c", '#include "lib/plan/plan.h"\n'),
    ("floor", "lib/model/x.c", '#include "lib/kern/rtnl_decode.h"\n'),
    ("floor", "lib/model/x.c", '#include "lib/plan/plan.h"\n'),
    ("floor", "lib/varlink/x.c", '#include "lib/obj/obj.h"\n'),
    ("floor", "lib/plan/x.c", '#include "lib/kern/rtnl.h"\n'),
    ("floor", "netd/seam/x.c", '#include "lib/model/model.h"\n'),
    ("floor", "netd/hand/x.c", '#include "lib/model/model.h"\n'),
    ("floor", "netd/hand/x.c", '#include "netd/engine/store/store.h"\n'),
    ("floor", "netd/engine/x.c", '#include "lib/kern/rtnl.h"\n'),
    ("floor", "netd/engine/x.c", '#include "netd/hand/exec.h"\n'),
    ("floor", "netd/supervisor/x.c", '#include "netd/seam/seam.h"\n'),
    ("floor", "netd/supervisor/x.c", '#include "lib/varlink/varlink.h"\n'),
    ("floor", "runner/x.c", '#include "runner/cli/cli.h"\n'),
    ("floor", "runner/x.c", '#include "lib/plan/plan.h"\n'),
    ("floor", "runner/cli/x.c", '#include "netd/engine/api.h"\n'),
    ("floor", "cni/x.c", '#include "runner/spec/spec.h"\n'),
    ("floor", "cni/x.c", '#include "tests/unit/unit.h"\n'),
    ("floor", "lib/new/x.c", '#include "lib/base/err.h"\n'),
    ("link", "lib/plan/CMakeLists.txt", "target_link_libraries(moat_plan PUBLIC\n moat_kern)\n"),
    ("link", "cni/CMakeLists.txt", "target_link_libraries(moat-cni moat_base moat_plan)\n"),
    ("only", "lib/plan/x.c", "#include <libmnl/libmnl.h>\n"),
    ("only", "netd/hand/x.c", "#include <libnftnl/rule.h>\n"),
    ("only", "netd/hand/x.c", "void f(void) { mnl_attr_put(0); }\n"),
    ("only", "netd/hand/x.c", "void f(void) { nftnl_rule_add(0); }\n"),
    ("only", "netd/engine/x.c", "int x = NLMSG_DONE;\n"),
    ("only", "netd/engine/x.c", "#include <event2/event.h>\n"),
    ("only", "netd/supervisor/x.c", "#include <event.h>\n"),
    ("only", "lib/plan/CMakeLists.txt", "target_link_libraries(moat_plan PkgConfig::libnftnl)\n"),
    ("only", "lib/base/CMakeLists.txt", "target_link_libraries(moat_base PkgConfig::libmnl)\n"),
    ("only", "lib/base/CMakeLists.txt", "target_link_libraries(moat_base PkgConfig::libevent)\n"),
    ("root", "lib/base/x.c", '#include "err.h"\n'),
    ("root", "netd/engine/x.c", '#include "netd/../lib/base/err.h"\n'),
    ("root", "tests/unit/x.c", '#include "unit.h"\n'),
    ("exec", "runner/x.c", 'void f(void) { system("true"); }\n'),
    ("exec", "runner/x.c", 'void f(void) { return popen ("true", "r"); }\n'),
    ("exec", "netd/hand/x.c", 'void f(void) { execlp("ip", "ip", "link", NULL); }\n'),
    ("exec", "netd/hand/x.c", 'void f(void) { execvp(\n\t"nft", argv); }\n'),
    ("exec", "netd/hand/x.c", 'void f(void) { posix_spawnp(&p, "bridge", 0, 0, a, e); }\n'),
    ("exec", "runner/x.c", 'const char *tool = "/usr/sbin/iptables-restore";\n'),
    ("exec", "runner/x.c", 'const char *tool = "/sbin/tc";\n'),
    ("exec", "runner/x.c", 'const char *argv[] = { "tc", "qdisc", NULL };\n'),
    ("exec", "runner/x.c", 'const char *argv[] = {\n\t"ip6tables", NULL };\n'),
    ("spdx", "lib/base/x.h", None),
    ("spdx", "tests/unit/x.c", None),
    ("platform", "tests/platform/y.c", "int main(void)\n{\n}\n"),
    ("lines", "lib/base/x.c", "\n" * 800),
    ("lines", "tests/unit/x.c", "\n" * 800),
)


class LintTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="moat-lint-")
        self.addCleanup(shutil.rmtree, self.folder)
        for file, text in GOOD.items():
            self.put(file, text)
        os.mkdir(os.path.join(self.folder, "docs"))
        shutil.copy(os.path.join(ROOT, "docs", "layers.txt"), os.path.join(self.folder, "docs"))
        self.put("docs/KERNEL.md", "| program | fact |\n|---|---|\n| `x` | it holds |\n")

    def put(self, file, text):
        path = os.path.join(self.folder, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def test_good_tree_is_silent(self):
        self.assertEqual(lint.Lint(self.folder).run(), [])

    def test_lines_up_to_the_limit(self):
        self.put("lib/base/x.c", HEAD + "\n" * 799)
        self.assertEqual(lint.Lint(self.folder).run(), [])

    def test_each_rule_has_a_bad_case(self):
        self.assertEqual({rule for rule, _, _ in BAD}, set(lint.RULES))

    def test_bad_files(self):
        for rule, file, text in BAD:
            with self.subTest(rule=rule, file=file, text=text):
                old = GOOD.get(file)
                if text is None:
                    self.put(file, "/* no licence */\n")
                else:
                    self.put(file, text if file.endswith(".txt") else HEAD + text)
                complaints = lint.Lint(self.folder).run()
                self.assertTrue(complaints)
                for complaint in complaints:
                    self.assertTrue(complaint.startswith(file + ":"), complaint)
                    self.assertIn("[%s]" % rule, complaint)
                if old is None:
                    os.unlink(os.path.join(self.folder, file))
                else:
                    self.put(file, old)

    def test_line_number(self):
        self.put("lib/base/x.c", HEAD + '/* two\nlines */\n#include "lib/obj/obj.h"\n')
        self.assertEqual(lint.Lint(self.folder).run(),
                         ["lib/base/x.c:4: [floor] lib/base may not include lib/obj/obj.h"])

    def test_table_is_strict(self):
        with open(os.path.join(self.folder, "docs", "layers.txt"), "a", encoding="utf-8") as f:
            f.write("flor lib/x: lib/base\n")
        with self.assertRaises(SystemExit):
            lint.Lint(self.folder)


if __name__ == "__main__":
    unittest.main()
