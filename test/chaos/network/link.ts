import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What has become of what went through a link: the evidence that a fault was there. */
export interface LinkCounts {
  /** Connections that were cut with a reset, in the middle of something or idle. */
  reset: number;
  /** Connections that were turned away as they came. */
  refused: number;
  /** Answers that were thrown away after the service had given them. */
  lost: number;
  /** Pieces that were held back or delayed. */
  held: number;
  /** Pieces of answers that got through. */
  answers: number;
}

type Direction = 'requests' | 'answers';

/** One way between a worker and a service, as a TCP proxy on the loopback that can do what networks do. */
export class Link {
  readonly counts: LinkCounts = { reset: 0, refused: 0, lost: 0, held: 0, answers: 0 };
  readonly servicePort: number;
  /** Where it is reached, as long as it lives. */
  port = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #holding = new Set<Direction>();
  #wake: (() => void)[] = [];
  #delayMs = 0;
  #refusing = false;
  #toLose = 0;
  readonly #underWay = new Set<Buffer>();

  private constructor(servicePort: number) {
    this.servicePort = servicePort;
    this.#server = createServer((client) => this.#join(client));
  }

  static async open(servicePort: number): Promise<Link> {
    const link = new Link(servicePort);
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve));
    link.port = (link.#server.address() as AddressInfo).port;
    return link;
  }

  /** From now on every piece takes this much longer, in each direction. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Keeps back what goes in this direction, while connections stay up, until {@link heal}. */
  hold(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#holding.add(direction);
  }

  /** Whether a piece that is held back or delayed speaks of this. */
  holds(text: string): boolean {
    return [...this.#underWay].some((piece) => piece.includes(text));
  }

  /** Throws the next answers away, and resets their connections: the service has done it, and nobody learns of it. */
  loseAnswers(count: number): void {
    this.#toLose += count;
  }

  /** Turns new connections away, and resets those that are up. */
  refuse(): void {
    this.#refusing = true;
    this.reset();
  }

  /** Takes the service off the network: new connections are refused by the system itself, and those that are up are reset. */
  vanish(): void {
    this.#server.close();
    this.reset();
  }

  /** Resets the connections that are up; others can be made at once. */
  reset(): void {
    for (const [client, server] of this.#pairs) {
      this.counts.reset += 1;
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Ends every fault; what was held goes on its way. */
  heal(): void {
    this.#holding.clear();
    this.#delayMs = 0;
    this.#refusing = false;
    this.#toLose = 0;
    if (!this.#server.listening) this.#server.listen(this.port, '127.0.0.1');
    for (const wake of this.#wake.splice(0)) wake();
  }

  async close(): Promise<void> {
    this.heal();
    if (!this.#server.listening) await once(this.#server, 'listening');
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.#refusing) {
      this.counts.refused += 1;
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.servicePort, '127.0.0.1').on('error', () => client.resetAndDestroy());
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) socket.setNoDelay(true);
    client.on('close', () => this.#pairs.delete(pair));
    this.#pump(client, server, 'requests');
    this.#pump(server, client, 'answers');
  }

  /** One piece after the other, so that a held or delayed one holds up those behind it, as on a wire. */
  #pump(from: Socket, to: Socket, direction: Direction): void {
    let last = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      const due = performance.now() + this.#delayMs;
      this.#underWay.add(piece);
      last = last.then(() => this.#carry(piece, due, from, to, direction)).finally(() => this.#underWay.delete(piece));
    });
    from.on('close', () => {
      last = last.then(() => void to.destroy());
    });
  }

  async #carry(piece: Buffer, due: number, from: Socket, to: Socket, direction: Direction): Promise<void> {
    const early = due - performance.now();
    if (early > 0 || this.#holding.has(direction)) this.counts.held += 1;
    if (early > 0) await pause(early);
    while (this.#holding.has(direction)) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
      // What the dead had not got rid of yet is lost with them.
      if (from.destroyed) return;
    }
    if (direction === 'answers') {
      if (this.#toLose > 0) {
        this.#toLose -= 1;
        this.counts.lost += 1;
        to.resetAndDestroy();
        return;
      }
      this.counts.answers += 1;
    }
    if (!to.destroyed) to.write(piece);
  }
}
