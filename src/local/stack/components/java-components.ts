import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Component } from './component-cache.js';
import { runTool } from './run-tool.js';

interface JavaComponent extends Component {
  /** The folder of the jars, as in the project's own distribution, so that an installed one can stand in. */
  readonly jars: 'libs' | 'lib';
}

export const KAFKA = fromMaven({
  name: 'kafka',
  version: '4.1.0',
  title: 'Kafka',
  jars: 'libs',
  // The distribution brings a logger, the bare artifact does not: without one Kafka fails silently.
  artifacts: ['org.apache.kafka:kafka_2.13:4.1.0', 'org.slf4j:slf4j-simple:1.7.36'],
});

const ROCKETMQ_VERSION = '5.3.3';

export const ROCKETMQ = fromMaven({
  name: 'rocketmq',
  version: ROCKETMQ_VERSION,
  title: 'RocketMQ',
  jars: 'lib',
  artifacts: ['namesrv', 'proxy', 'broker', 'tools'].map(
    (part) => `org.apache.rocketmq:rocketmq-${part}:${ROCKETMQ_VERSION}`,
  ),
});

/** An agent that changes single methods of a Java program as it is loaded; see services/rocketmq.ts. */
export const BYTEMAN = fromMaven({
  name: 'byteman',
  version: '4.0.26',
  title: 'Byteman',
  jars: 'lib',
  artifacts: ['org.jboss.byteman:byteman:4.0.26'],
});

export function classPath(home: string, { jars }: JavaComponent): string {
  return join(home, jars, '*');
}

function fromMaven({
  artifacts,
  ...of
}: Pick<JavaComponent, 'name' | 'version' | 'title' | 'jars'> & {
  readonly artifacts: readonly string[];
}): JavaComponent {
  return {
    ...of,
    async fetch(folder, signal) {
      const scratch = await mkdtemp(join(tmpdir(), 'handover-maven-'));
      try {
        const project = join(scratch, 'pom.xml');
        await writeFile(project, describeProject(artifacts));
        const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
        const into = [`-DoutputDirectory=${join(folder, of.jars)}`, '-DincludeScope=runtime'];
        await runTool('mvn', ['--batch-mode', '--quiet', '--file', project, copy, ...into], {
          signal,
          cwd: scratch,
          missing: {
            message: `Maven is needed to fetch ${of.title}, and was not found.`,
            hint: 'Install it (Debian: apt-get install maven), or let KAFKA_HOME and ROCKETMQ_HOME name installed ones.',
          },
        });
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
  };
}

function describeProject(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [groupId, artifactId, version] = artifact.split(':');
    return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>handover</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`;
}
