import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterRouting,
  type Census,
  type Flow,
  NOBODY,
  permit,
  STAGE_NAMES,
  STAGES,
  type Stage,
  taken,
  unaccepted,
} from '../../../../src/domain/flow/flow.js';

/** What work, time or an owner ends without any bound: the rest waits for one of these, or for a hold that is declared. */
const ENDS_BY_ITSELF = STAGE_NAMES.filter((stage) => 'holds' in STAGES[stage]);

const bounds = fc
  .record({ places: fc.integer({ min: 1, max: 40 }), rooms: fc.integer({ min: 0, max: 40 }), held: fc.nat(40) })
  .map(({ places, rooms, held }) => ({ places, rooms, memory: places + rooms + held }));

/** Any census that keeps to the bounds: deliveries are put in one by one, ten times as many as fit. */
const flows: fc.Arbitrary<Flow> = bounds.chain((within) =>
  fc.record({
    bounds: fc.constant(within),
    throttled: fc.boolean(),
    census: fc
      .array(fc.constantFrom(...STAGE_NAMES), { maxLength: within.memory * 10 })
      .map((stages) => stages.reduce<Census>((census, stage) => oneMore(census, stage, within), NOBODY)),
  }),
);

function oneMore(census: Census, stage: Stage, within: Flow['bounds']): Census {
  // With no room at all nothing is sent to linger.
  if (stage === 'queued' && within.rooms === 0) return census;
  const more = { ...census, [stage]: census[stage] + 1 };
  return keepsTo(more, within) ? more : census;
}

function keepsTo(census: Census, { places, rooms, memory }: Flow['bounds']): boolean {
  return taken(census, 'place') <= places && taken(census, 'room') <= rooms && unaccepted(census) <= memory;
}

function moved({ census, ...flow }: Flow): Census {
  const after: Record<Stage, number> = { ...census };
  for (const { from, to, count } of permit({ census, ...flow }).moves) {
    after[from] -= count;
    after[to] += count;
  }
  return after;
}

describe('the flow of deliveries', () => {
  it('keeps whoever waits for a bound from holding one, and gives each the bound that it waits for', () => {
    for (const stage of STAGE_NAMES) {
      const rule = STAGES[stage];
      expect('waitsFor' in rule && 'holds' in rule).toBe(false);
      if ('waitsFor' in rule) expect(STAGES[rule.next]).toMatchObject({ holds: rule.waitsFor });
    }
  });

  it('never lets a bound be exceeded, by a move or by a fetch', () => {
    fc.assert(
      fc.property(flows, (flow) => {
        const after = moved(flow);
        expect(keepsTo(after, flow.bounds)).toBe(true);
        expect(Math.min(...Object.values(after))).toBeGreaterThanOrEqual(0);
        const { fetch } = permit(flow);
        const fetched = moved({ ...flow, census: { ...after, arrived: after.arrived + fetch } });
        expect(keepsTo(fetched, flow.bounds)).toBe(true);
      }),
    );
  });

  it('moves on whoever may: no second look finds more', () => {
    fc.assert(
      fc.property(flows, (flow) => {
        expect(permit({ ...flow, census: moved(flow) }).moves).toEqual([]);
      }),
    );
  });

  it('has no dead end: where nobody may move and nothing be fetched, something is at hand that ends by itself', () => {
    fc.assert(
      fc.property(flows, (flow) => {
        const { moves, fetch } = permit(flow);
        if (moves.length > 0 || fetch > 0) return;
        const ending = ENDS_BY_ITSELF.some((stage) => flow.census[stage] > 0);
        // Or all of memory is held, while the throttle holds: that is declared, and ends with the other side's work.
        expect(ending || (flow.throttled && flow.census.held === flow.bounds.memory)).toBe(true);
      }),
    );
  });

  it("fetches on while messages are held or linger: this side's own are not kept behind those that wait for the other", () => {
    const within = { places: 4, rooms: 4, memory: 16 };
    const census = { ...NOBODY, held: 6, lingering: 4, queued: 2 };
    expect(permit({ bounds: within, throttled: true, census })).toEqual({ moves: [], fetch: 4 });
  });

  it('gives a place to what comes back before what is new, and to what is new before more is fetched', () => {
    const within = { places: 4, rooms: 1, memory: 16 };
    const census = { ...NOBODY, due: 1, held: 1, arrived: 1 };
    expect(permit({ bounds: within, throttled: false, census })).toEqual({
      moves: [
        { from: 'due', to: 'starting', count: 1 },
        { from: 'held', to: 'routing', count: 1 },
        { from: 'arrived', to: 'routing', count: 1 },
      ],
      fetch: 1,
    });
    const full = { bounds: { ...within, places: 1 }, throttled: false };
    expect(permit({ ...full, census })).toMatchObject({ moves: [{ from: 'due' }], fetch: 0 });
    expect(permit({ ...full, census: { ...census, due: 0 } })).toMatchObject({ moves: [{ from: 'held' }], fetch: 0 });
  });

  it('starts at once, whatever holds, what the other side is proved past', () => {
    const to = (ownerIsPast: boolean, lingers: boolean) => afterRouting({ ownerIsPast, lingers });
    expect([to(true, true), to(true, false)]).toEqual(['starting', 'starting']);
    expect([to(false, true), to(false, false)]).toEqual(['queued', 'starting']);
  });
});
