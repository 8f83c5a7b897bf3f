"""Planted faults: bugs that a developer could make, each caught by one row of the suites.

A suite that never fails proves nothing. So for every row there is a bug that makes it fail, and
no other row. The tests plant each bug for its own row; `python -m perftests.tests.faults` runs the
whole suite with each and prints which rows failed.

To add one:

1. Write a function in the module of the row's suite, with `@fault(row, metrics…)`: the metrics are
   those that have to miss their targets, and no others may. Its docstring is one sentence that
   names the bug. It gets `plant(owner, name, replacement)`, which replaces an attribute of a
   product's class or module: in the tests' process, where it is taken back, and in every process
   that a row starts. A name that others have imported from a module is replaced where they use it.
2. Aim at what the row guards and no other does: a condition that only this row meets (that many
   recipients, several tabs, a user who leaves in the middle), or a metric that only it has.
   A fault works on SQLite and PostgreSQL, on the layer in memory and on Redis.
3. Add a test to `planted/test_<suite>.py`: `self.assert_caught(module.the_fault)`. What a fault
   loses is waited for: for such a one give a `timeout_seconds` of a few seconds.
4. Run `python -m perftests.tests.faults the_fault` and see that no other row fails.
5. Add it to the table in docs/reference/planted-faults.md, which a test compares.
"""
