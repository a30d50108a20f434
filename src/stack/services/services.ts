import { kafka } from './kafka.js';
import { redis } from './redis.js';
import { rocketmq, rocketmqNameServer } from './rocketmq.js';
import type { Service } from './service.js';
import { temporal } from './temporal.js';

/** The programs of a native stack, in the order in which people are told of them. */
export const NATIVE_SERVICES: readonly Service[] = [temporal, kafka, rocketmqNameServer, rocketmq, redis];
