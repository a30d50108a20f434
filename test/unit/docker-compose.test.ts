import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PORT_NAMES, PORTS } from '../../src/local/stack/ports.js';
import { SERVICES } from '../../src/local/stack/state.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/names.js';

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly ports: readonly string[];
        readonly command?: readonly string[];
        readonly healthcheck?: { readonly test: readonly string[] };
        readonly volumes?: readonly string[];
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const root = new URL('../../', import.meta.url);
const text = await readFile(new URL('docker-compose.yml', root), 'utf8');
const compose: Compose = parse(text, { merge: true });

describe('docker-compose.yml', () => {
  it('is valid by the published Compose schema', async () => {
    const schema = JSON.parse(await readFile(new URL('test/support/compose-spec.json', root), 'utf8'));
    const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
    const valid = ajv.validate(schema, compose);
    expect(ajv.errors).toBeNull();
    expect(valid).toBe(true);
    expect(ajv.validate(schema, { ...compose, services: { redis: { imgae: 'redis' } } })).toBe(false);
  });

  it('runs the same services as a native stack', () => {
    expect(Object.keys(compose.services).sort()).toEqual([...SERVICES].sort());
  });

  it('pins every image to a version and asks every service for its health', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service.image, name).toMatch(/:\d+\.\d+\.\d+(-\w+)?$/);
      expect(service.healthcheck?.test[0], name).toBe('CMD');
    }
  });

  it('publishes ports on the loopback address only, usual ones that the variables of up can move', () => {
    const published = Object.values(compose.services).flatMap(({ ports }) => ports);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\$\{HANDOVER_[A-Z_]+_PORT:-\d+\}:/);
    // Nobody outside the container speaks to Kafka's controller.
    for (const name of PORT_NAMES.filter((each) => each !== 'kafkaController')) {
      const { variable, usual } = PORTS[name];
      const found = published.filter((port) => port.startsWith(`127.0.0.1:\${${variable}:-${usual}}:`));
      expect(found, name).toHaveLength(1);
    }
  });

  it('keeps the data of every service that has any on a declared volume', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
    expect(mounted.map((mount) => mount.split(':')[0]).sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('registers the search attributes that message workflows carry', () => {
    for (const { name } of Object.values(SEARCH_ATTRIBUTES)) {
      expect(compose.services['temporal']?.command).toContain(`--search-attribute=${name}=Keyword`);
    }
  });
});
