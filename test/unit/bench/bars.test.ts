import { describe, expect, it } from 'vitest';
import { type AllFigures, barsOf, ratiosOf } from '../../../bench/bars.js';
import { type Figures, figuresOf } from '../../../bench/figures.js';
import type { LatencyResult } from '../../../bench/latency.js';
import { gather, highRate } from '../../../bench/parts.js';
import type { RoundResult, RoundResults } from '../../../bench/rounds.js';

function figures(rate: number, more: Partial<Figures> = {}): Figures {
  return { ...figuresOf([round(rate)]), ...more };
}

function round(rate: number, requests: Record<string, number> = {}): RoundResult {
  const cpuMs = { worker: 400, temporal: 500, redis: 10, brokers: 60, postgres: 0, provider: 20 };
  const redis = { redisCalls: { evalsha: 400, zadd: 100 }, redisBytesIn: 90_000, redisBytesOut: 30_000 };
  const cost = { cpuMs, elsewhere: 0.1, requests, polls: { PollWorkflowTaskQueue: 150 }, accepted: {}, ...redis };
  return {
    messages: 100,
    rate,
    cost,
    history: { events: 12, bytes: 2_000, stateTransitions: 6 },
    rss: 1 << 20,
    broken: [],
  };
}

function latency(p50: number): LatencyResult {
  const { cost } = round(1, { StartWorkflowExecution: 126, QueryWorkflow: 9 });
  return { rate: 5, count: 120, p50, p95: 40, p99: 60, cost, broken: [] };
}

const BOTH = (textbook: number, handover: number): AllFigures => ({
  textbook: { one: figures(textbook * 2), double: figures(textbook) },
  handover: { one: figures(handover * 2), double: figures(handover) },
});

describe('figures', () => {
  it('are medians of the rounds, per message', () => {
    const told = figuresOf([
      round(90, { Start: 100 }),
      round(100, { Start: 110, Respond: 300 }),
      round(95, { Start: 100 }),
    ]);
    expect(told.messagesPerSecond?.median).toBe(95);
    expect(told.cpuMs?.['temporal']).toBe(5);
    expect(told.temporalRequestsByKind).toEqual({ Respond: 0, Start: 1 });
    expect(told.temporalRequests).toBe(1);
    const busy = figuresOf([round(90, { StartWorkflowExecution: 100, QueryWorkflow: 50, RecordWorkerHeartbeat: 3 })]);
    expect(busy.temporalRequests).toBe(1);
    expect(busy.temporalRequestsByKind?.['QueryWorkflow']).toBe(0.5);
    expect(told.redisCommands).toBe(5);
    expect(told.historyEvents).toBe(12);
  });

  it('of latencies are there without any rounds', () => {
    expect(figuresOf([], { low: latency(30) })).toEqual({
      latency: {
        low: { rate: 5, count: 120, p50: 30, p95: 40, p99: 60, startsPerMessage: 1.05, temporalRequests: 1.05 },
      },
    });
  });

  it('are gathered of every contender of which anything was measured', () => {
    const names = ['textbook', 'handover', 'seed', 'dbos'] as const;
    const contenders = new Map(names.map((name) => [name, undefined]));
    const played: RoundResults = new Map([
      ['textbook', { one: [round(20)], double: [round(10)] }],
      ['handover', { one: [round(20)], double: [] }],
      ['dbos', { one: [], double: [] }],
    ]);
    const gathered = gather(contenders, played, new Map([['seed', new Map([['one', { low: latency(3) }]])]]));
    expect(Object.keys(gathered)).toEqual(['textbook', 'handover', 'seed']);
    expect(gathered['handover']?.one.messagesPerSecond?.median).toBe(20);
    expect(gathered['handover']?.double).toEqual({ latency: {} });
    expect(gathered['seed']?.one.latency['low']?.p50).toBe(3);
    expect(highRate(played)).toBe(10);
    expect(ratiosOf(gathered)).toEqual({
      'textbook/textbook, one': 1,
      'textbook/textbook, double': 1,
      'handover/textbook, one': 1,
    });
  });
});

describe('ratios', () => {
  it('compare the medians with the textbook', () => {
    expect(ratiosOf(BOTH(50, 120))).toMatchObject({
      'handover/textbook, double': 2.4,
      'handover/textbook, one': 2.4,
      'textbook/textbook, one': 1,
    });
  });

  it('are not made up where the textbook was not measured', () => {
    const { handover } = BOTH(50, 120);
    expect(ratiosOf(handover === undefined ? {} : { handover })).toEqual({});
  });
});

describe('bars', () => {
  const find = (bars: ReturnType<typeof barsOf>, part: string) => bars.find(({ name }) => name.includes(part));

  it('are reached at the bar itself, and missed beyond it', () => {
    const reached = barsOf(BOTH(50, 100), { ledgerBytes: 230, backlogRss: { small: 100, large: 125 } });
    expect(find(reached, 'double delivery')).toMatchObject({ value: 2, bar: 2, ok: true });
    expect(find(reached, 'settled message')?.ok).toBe(true);
    expect(find(reached, 'resident memory')?.ok).toBe(true);
    const missed = barsOf(BOTH(50, 99), { ledgerBytes: 231, backlogRss: { small: 100, large: 126 } });
    expect(missed.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([
      'handover against textbook, double delivery',
      'Redis bytes per settled message',
      'resident memory, backlog of 100,000 against 1,000',
    ]);
  });

  it('are left out where there is no value for them', () => {
    const names = barsOf(BOTH(50, 100), {}).map(({ name }) => name);
    expect(names.some((name) => name.includes('inline-first'))).toBe(false);
    expect(names.some((name) => name.includes('floor'))).toBe(false);
  });

  it('compare the latency with the floor', () => {
    const low = { rate: 5, count: 150, p50: 24, p95: 40, p99: 60, startsPerMessage: 1, temporalRequests: 4 };
    const contenders = { handover: { one: figures(100, { latency: { low } }), double: figures(100) } };
    expect(find(barsOf(contenders, { floorP50: 8 }), 'floor')).toMatchObject({ value: 3, ok: true });
  });
});
