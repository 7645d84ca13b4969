-- wrk: posts the requests of a file, one after the other, and prints what came of it as JSON.
local requests, position = {}, tonumber(os.getenv("BENCH_OFFSET"))
for line in io.lines(os.getenv("BENCH_REQUESTS")) do requests[#requests + 1] = line end

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local token, case = os.getenv("BENCH_TOKEN"), os.getenv("BENCH_CASE")
if token then wrk.headers["Authorization"] = "Bearer " .. token end
if case then wrk.headers["X-Case"] = case end

request = function()
  position = position % #requests + 1
  return wrk.format(nil, nil, nil, requests[position])
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %f, "bytes": %d, "median_ms": %f, "p99_ms": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
