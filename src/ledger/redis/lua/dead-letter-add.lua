-- Lists a dead letter, once per source.
-- KEYS[1]  the list, a stream; KEYS[2] the sources that are listed, a sorted set by time; KEYS[3] the counts, a hash
-- ARGV[1]  side, ARGV[2] source coordinates, ARGV[3] the entry as JSON
-- ARGV[4]  how many entries are kept, about; of the sources, as many exactly
-- Verdicts {added} {already}
-- Invariant: a delivery that comes again is neither listed nor counted again, as long as its source is remembered
-- @include fragments/time.lua
if redis.call('ZADD', KEYS[2], 'NX', ms_text(now_ms()), ARGV[1] .. '|' .. ARGV[2]) == 0 then return { 'already' } end
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -tonumber(ARGV[4]) - 1)
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'entry', ARGV[3])
redis.call('HINCRBY', KEYS[3], ARGV[1], 1)
return { 'added' }
