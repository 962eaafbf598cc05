-- What wrk sends, and what it tells afterwards. bench/load.py starts it:
--
--     wrk -t1 -c16 -d5s -s bench/load.lua URL -- request=award seconds=4 key=bq_live_… prefix=round1 participants=100000
--
-- One thread. After `seconds` no connection sends anything more, so that every request that was sent has been answered
-- when wrk stops, and what was answered is exactly what was done.

local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds; long nanoseconds; } moment;
    int clock_gettime(int clock, moment *now);
]]
local MONOTONIC, FOR_EVER, BATCH_SIZE = 1, 1e9, 100
local now_moment = ffi.new("moment")

local function clock()
    ffi.C.clock_gettime(MONOTONIC, now_moment)
    return tonumber(now_moment.seconds) + tonumber(now_moment.nanoseconds) / 1e9
end

local option, kinds, make = {}, {}, nil
-- Global, so that `done` can ask for them: requests sent, and those of them that make entries; connections that have
-- finished; when the first began and the last ended.
number, writes, finished, started, ended = 0, 0, 0, nil, 0

function setup(thread)
    only_thread = thread
end

function init(args)
    for _, arg in ipairs(args) do
        local name, value = arg:match("^(%w+)=(.*)$")
        option[name] = value
    end
    math.randomseed(tonumber(option.seed))
    make = assert(kinds[option.request], "unknown request")
end

function request()
    number = number + 1
    return make()
end

-- Asked before each request of each connection, so also right after each answer: how long to wait with the next.
function delay()
    local now = clock()
    if started == nil then
        -- wrk made one request to look at it, and did not send it.
        started, writes = now, 0
    end
    if now < started + tonumber(option.seconds) then
        return 0
    end
    finished, ended = finished + 1, now
    return FOR_EVER
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format(
        'result {"answered": %d, "writes": %d, "finished": %d, "seconds": %.6f, "refused": %d, "broken": %d,'
            .. ' "p50": %.3f, "p99": %.3f, "max": %.3f}',
        summary.requests, only_thread:get("writes"), only_thread:get("finished"),
        only_thread:get("ended") - (only_thread:get("started") or 0),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end

local function somebody()
    return "p" .. math.random(0, tonumber(option.participants) - 1)
end

local function post(path, body, idempotency_key)
    writes = writes + 1
    local headers = {["X-API-Key"] = option.key, ["Content-Type"] = "application/json"}
    headers["Idempotency-Key"] = idempotency_key
    return wrk.format("POST", path, headers, body)
end

local function get(path)
    return wrk.format("GET", path, {["X-API-Key"] = option.key})
end

local function next_key()
    return option.prefix .. "-" .. number
end

local function award_body(participant)
    return string.format('{"participant_id": "%s", "amount": %d, "reason": "Purchase completed"}',
        participant, math.random(1, 100))
end

local POINTS = "/api/v1/gamify/points/"

function kinds.empty()
    return get("/bench/empty")
end

function kinds.keyed()
    return get("/bench/keyed")
end

function kinds.award()
    return post(POINTS .. "award", award_body(somebody()), next_key())
end

function kinds.hot()
    return post(POINTS .. "award", award_body("hot"), next_key())
end

function kinds.byhand()
    return post("/bench/award", award_body(somebody()), next_key())
end

function kinds.deduct()
    local body = string.format('{"participant_id": "%s", "amount": 1, "reason": "Reward redemption"}', somebody())
    return post(POINTS .. "deduct", body, next_key())
end

function kinds.batch()
    local items = {}
    for index = 1, BATCH_SIZE do
        items[index] = award_body(somebody())
    end
    return post(POINTS .. "award-batch", '{"awards": [' .. table.concat(items, ", ") .. "]}", next_key())
end

function kinds.event()
    local body = string.format('{"user": {"id": "%s"}, "value": 1}', somebody())
    return post("/v1/metrics/" .. option.metric .. "/event", body, next_key())
end

function kinds.balance()
    return get("/api/v1/gamify/participants/" .. somebody() .. "/points")
end

local function page(participant)
    local path = "/api/v1/gamify/participants/%s/points/transactions?page=%d&page_size=%d"
    return get(string.format(path, participant, tonumber(option.page), tonumber(option.pagesize)))
end

function kinds.page()
    return page("deep" .. math.random(0, tonumber(option.deep) - 1))
end

-- What a shop's server has to do in a day, more or less: half of it awards.
function kinds.mixed()
    local chance = math.random(1, 10)
    if chance <= 5 then
        return kinds.award()
    elseif chance <= 8 then
        return kinds.balance()
    end
    return chance == 9 and kinds.deduct() or page(somebody())
end
