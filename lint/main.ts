import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findFaults } from './layout.js';

// New files count too, before they are committed.
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'src'], { encoding: 'utf8' });
const paths = listed.split('\n').filter((path) => path.endsWith('.ts') && existsSync(path));
const faults = findFaults(new Map(paths.map((path) => [path, readFileSync(path, 'utf8')])));
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
