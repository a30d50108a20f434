import { describe, expect, it } from 'vitest';
import { difference, parseMetrics, per, sumBy, totalOf } from '../../../bench/measure/prometheus.js';
import { numberIn, parseRedisInfo } from '../../../bench/measure/redis-info.js';

const SCRAPE = `# HELP temporal_request_total x
# TYPE temporal_request_total counter
temporal_request_total{namespace="default",operation="StartWorkflowExecution",service_name="a \\"b\\""} 12
temporal_request_total{namespace="default",operation="RespondWorkflowTaskCompleted"} 7
temporal_request_total{namespace="_unknown_",operation="StartWorkflowExecution"} 3
temporal_long_request_total{operation="PollWorkflowTaskQueue"} 1
handover_in_flight{side="kafka"} 0.5
up 1
`;

describe('metrics', () => {
  it('are read with their labels, and summed up by one of them', () => {
    const samples = parseMetrics(SCRAPE);
    expect(samples).toHaveLength(6);
    expect(samples[0]?.labels['service_name']).toBe('a \\"b\\"');
    expect(samples.at(-1)).toEqual({ name: 'up', labels: {}, value: 1 });
    expect(sumBy(samples, 'temporal_request_total', 'operation')).toEqual({
      StartWorkflowExecution: 15,
      RespondWorkflowTaskCompleted: 7,
    });
  });
});

describe('counts', () => {
  it('are told as what was added, per message', () => {
    const added = difference({ start: 15, poll: 4, signal: 6 }, { start: 5, poll: 4 });
    expect(added).toEqual({ start: 10, signal: 6 });
    expect(per(added, 10)).toEqual({ start: 1, signal: 0.6 });
    expect(totalOf(added)).toBe(16);
  });
});

describe("Redis's own counts", () => {
  const INFO = [
    'total_net_input_bytes:1000',
    'total_net_output_bytes:2000',
    'cmdstat_evalsha:calls=8,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0',
    'cmdstat_config|get:calls=2,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0',
    'cmdstat_info:calls=3,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0',
    '',
  ].join('\r\n');

  it('are read without the asking itself', () => {
    expect(parseRedisInfo(INFO)).toEqual({ calls: { evalsha: 8, 'config|get': 2 }, bytesIn: 1_000, bytesOut: 2_000 });
  });

  it('are missed where they are not told', () => {
    expect(() => numberIn(INFO, 'used_memory')).toThrow(RangeError);
  });
});
