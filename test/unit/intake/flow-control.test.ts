import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taken, unaccepted } from '../../../src/domain/flow/flow.js';
import { FlowControl, type Ticket } from '../../../src/intake/flow-control.js';

const forever = new AbortController().signal;

function open(places: number, rooms: number, held: number) {
  const throttle = { holds: false };
  const memory = places + rooms + held;
  const flow = new FlowControl({ bounds: { places, rooms, memory }, throttled: () => throttle.holds });
  const expectWithin = (): void => {
    expect(taken(flow.census, 'place')).toBeLessThanOrEqual(places);
    expect(taken(flow.census, 'room')).toBeLessThanOrEqual(rooms);
    expect(unaccepted(flow.census)).toBeLessThanOrEqual(memory);
  };
  return { flow, throttle, memory, expectWithin };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('deliveries in flow', () => {
  it('are all accepted in the end, within every bound, whatever becomes of each and in whatever order', async () => {
    const ways = fc.constantFrom('mine', 'theirs', 'theirs, claimed', 'theirs, past', 'withdrawn');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(ways, { minLength: 1, maxLength: 90 }),
        fc.scheduler(),
        async (places, rooms, held, kinds, scheduler) => {
          const { flow, throttle, expectWithin } = open(places, rooms, held);
          const pause = async (what: string): Promise<void> => {
            await scheduler.schedule(Promise.resolve(), what);
            expectWithin();
          };
          const ends: string[] = [];
          async function bring(ticket: Ticket, way: (typeof kinds)[number]): Promise<void> {
            try {
              await flow.wait(ticket, 'arrived');
              await pause('routed');
              let waits = way !== 'mine';
              while (waits) {
                const waited = flow.wait(ticket, throttle.holds ? 'held' : 'queued');
                void waitedFor(ticket, way);
                const stage = await waited;
                if (stage === 'outside') return void ends.push('claimed');
                if (stage === 'starting') waits = false;
              }
              flow.move(ticket, 'starting');
              await pause('started');
              flow.move(ticket, 'in-hand');
              ends.push('accepted');
              await pause('attempted');
              flow.leave(ticket, 'accepted');
            } catch {
              ends.push('rejected');
              flow.leave(ticket, 'rejected');
            }
          }
          async function waitedFor(ticket: Ticket, way: (typeof kinds)[number]): Promise<void> {
            await pause('its owner');
            if (way === 'theirs, claimed' && ticket.isWaiting) flow.leave(ticket, 'accepted');
            else if (way === 'theirs, past' && ticket.stage !== 'due') flow.sendOn(ticket);
            else if (way === 'withdrawn') flow.withdraw(ticket, new Error('withdrawn'));
            else {
              while (ticket.stage === 'queued' || ticket.stage === 'held') await pause('its turn');
              await pause('patience');
              if (ticket.stage === 'lingering') flow.sendOn(ticket);
            }
          }
          async function flap(): Promise<void> {
            for (let times = 0; times < 10; times += 1) {
              throttle.holds = !throttle.holds;
              if (!throttle.holds) flow.pump();
              await pause('the throttle');
            }
          }
          async function fetchAll(): Promise<void> {
            const left = [...kinds];
            while (left.length > 0) {
              const count = await flow.whenFetching(forever);
              for (const way of left.splice(0, count)) void bring(flow.admit(), way);
              expectWithin();
              await pause('fetched');
            }
          }
          const fetched = fetchAll();
          const flapped = flap();
          await scheduler.waitFor(Promise.all([fetched, flapped]));
          await scheduler.waitIdle();
          expect(ends).toHaveLength(kinds.length);
          expect([flow.inFlight, unaccepted(flow.census)]).toEqual([0, 0]);
        },
      ),
    );
  });

  it.each([
    ['kafka', 2, 3, 4],
    ['rocketmq', 32, 256, 256],
  ])(
    'ten times each bound, and what frees them never comes: %s is full, holds no place, and ends when told to',
    async (_, places, rooms, held) => {
      const { flow, throttle, memory, expectWithin } = open(places, rooms, held);
      throttle.holds = true;
      const fetched: Ticket[] = [];
      const waits: Promise<unknown>[] = [];
      for (let offered = 0; offered < memory * 10; offered += 1) {
        if (flow.mayFetch === 0) break;
        const ticket = flow.admit();
        await flow.wait(ticket, 'arrived');
        fetched.push(ticket);
        waits.push(flow.wait(ticket, 'held'));
        expectWithin();
      }
      expect(fetched).toHaveLength(memory);
      expect(flow.inFlight).toBe(0);
      let offered = false;
      const capacity = flow.whenFetching(forever).then(() => (offered = true));
      await turn();
      expect(offered).toBe(false);
      flow.stop(new Error('stopping'));
      await expect(capacity).rejects.toThrow('stopping');
      const ends = await Promise.allSettled(waits);
      expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(memory);
    },
  );

  it('go in the order of their arrival, so that what holds back a broker position goes first', async () => {
    const { flow, throttle } = open(3, 0, 10);
    throttle.holds = true;
    const tickets = [flow.admit(), flow.admit(), flow.admit()] as const;
    for (const ticket of tickets) await flow.wait(ticket, 'arrived');
    const went: number[] = [];
    for (const n of [2, 0, 1] as const) void flow.wait(tickets[n], 'held').then(() => went.push(n));
    throttle.holds = false;
    flow.pump();
    await turn();
    expect(went).toEqual([0, 1, 2]);
  });

  it('reject a wait whose signal is aborted, and lose no place by it', async () => {
    const { flow } = open(1, 0, 0);
    const first = flow.admit();
    await flow.wait(first, 'arrived');
    const impatient = new AbortController();
    const waiting = flow.whenFetching(impatient.signal);
    impatient.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    flow.leave(first, 'accepted');
    expect(await flow.whenFetching(forever)).toBe(1);
  });
});
