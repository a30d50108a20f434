/** Loaded before everything else into a worker: its wall clock is wrong by CHAOS_CLOCK_SKEW_MS from then on. */
const skewMs = Number(process.env['CHAOS_CLOCK_SKEW_MS']);
const trueNow = Date.now;
Date.now = () => trueNow() + skewMs;

// `new Date()` does not ask Date.now.
globalThis.Date = new Proxy(Date, {
  construct: (date, args, target) => Reflect.construct(date, args.length === 0 ? [date.now()] : args, target),
});
process.emitWarning(`the clock is ${skewMs} ms ahead`, 'SkewedClock');
