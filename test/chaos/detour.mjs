/**
 * Loaded before everything else into a worker: connections to the first port of CHAOS_DETOUR (`FROM:TO`) go to the second
 * one. Brokers tell their clients on which address to find them, so no setting leads a client past that.
 */
import { Socket } from 'node:net';

const [from, to] = (process.env['CHAOS_DETOUR'] ?? '').split(':').map(Number);
const connect = Socket.prototype.connect;

Socket.prototype.connect = function detour(...args) {
  // `net.connect` hands over what it has made of its own arguments: a list whose first is an object.
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (Number(options?.port) === from) options.port = to;
  return connect.apply(this, args);
};
