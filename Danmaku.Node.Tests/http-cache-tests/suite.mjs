// node suite.mjs http://cache [id…] runs all tests, or those named, and prints one line of JSON: id → { kind, passed, why }.
import fetch from 'node-fetch'
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'
import suites from 'http-cache-tests/tests/index.mjs'

const [base, ...ids] = process.argv.slice(2)
const chosen = [...suites, surrogate].map(suite => ({
  ...suite,
  tests: suite.tests.filter(test => !test.browser_only && (ids.length === 0 || ids.includes(test.id)))
}))
await runTests(chosen, fetch, false, base)
const results = getResults()
const report = {}
for (const test of chosen.flatMap(suite => suite.tests)) {
  const result = results[test.id]
  report[test.id] = { kind: test.kind ?? 'required', passed: result === true, why: result === true ? '' : `${result}` }
}
console.log(JSON.stringify(report))
const count = kind => Object.values(report).filter(test => test.kind === kind)
for (const kind of ['required', 'optimal', 'check']) {
  console.error(`${kind}: ${count(kind).filter(test => test.passed).length} of ${count(kind).length}`)
}
