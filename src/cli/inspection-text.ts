/** A look at a store as tables for people. */
import type { StoreInfo } from '../index.js';
import type { JsonNumber } from '../metrics/family-json.js';
import type { InspectedSeries, Inspection } from './inspection.js';
import { type Column, renderTable } from './table.js';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes with a unit, such as `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${UNITS[power]}`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

/** Nothing that somebody has written into a store may move the cursor or hide a line. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
  });
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? '' : visible(`{${pairs.join(', ')}}`);
}

function valueText(series: InspectedSeries): string {
  return 'value' in series ? String(series.value) : `${series.count} (sum ${series.sum})`;
}

function facts(path: string, store: StoreInfo): string {
  const lanes = `${store.lanes} CPU lanes, ${store.atomicLanes} atomic lanes`;
  const cells = `${store.cellsUsed} of ${store.capacity} used (${percent(store.cellsUsed / store.capacity)})`;
  const catalog = `${formatBytes(store.catalogBytes)} of ${formatBytes(store.catalogCapacity)}`;
  const life = store.ephemeral ? 'goes with the last process that has it open' : 'stays';
  const rows = [
    ['store', visible(path)],
    ['back end', `${store.backend}, format ${store.formatVersion}, ${lanes}`],
    ['cells', cells],
    ['catalog', catalog],
    ['memory', `${formatBytes(store.reservedBytes)} of ${formatBytes(store.fileBytes)} reserved`],
    ['file', store.broken ? 'BROKEN: it was truncated while it was open' : life],
  ] as const;
  return rows.map(([name, text]) => `${name.padEnd(8)}  ${text}\n`).join('');
}

function processes(inspection: Inspection): string {
  const columns = [
    right('PID'),
    left('ALIVE'),
    left('BACK END'),
    left('REGISTRATION'),
    left('ATTACHED'),
    right('ABORTS'),
    right('FALLBACKS'),
  ];
  const rows = inspection.processes.map((process) => [
    String(process.pid),
    process.alive ? 'yes' : 'no',
    process.backend,
    process.registration,
    new Date(process.attachedAt).toISOString(),
    String(process.aborts),
    String(process.fallbacks),
  ]);
  return rows.length === 0 ? 'No process is attached for writing.\n' : renderTable(columns, rows);
}

function cpus(inspection: Inspection): string {
  const columns = [right('CPU'), right('COUNTED'), right('SHARE')];
  const rows = inspection.cpus.map(({ cpu, amount, share }) => [String(cpu), String(amount), percent(share)]);
  return rows.length === 0 ? 'This back end has no lanes of CPUs.\n' : renderTable(columns, rows);
}

function sum(numbers: readonly JsonNumber[]): string {
  return String(numbers.reduce<number>((total, value) => total + Number(value), 0));
}

function families(inspection: Inspection): string {
  const columns = [
    left('SERIES'),
    left('TYPE'),
    right('VALUE'),
    right('CPU MIN'),
    right('CPU MAX'),
    right('ATOMIC LANES'),
  ];
  const rows = inspection.families.flatMap((family) => {
    const series = family.series.map((one) => [
      `${visible(family.name)}${labelsOf(one.labels)}`,
      family.type,
      valueText(one),
      String(one.spread.min),
      String(one.spread.max),
      sum(one.spread.atomic),
    ]);
    return series.length === 0 ? [[visible(family.name), family.type, '-', '-', '-', '-']] : series;
  });
  return rows.length === 0 ? 'There is no family yet.\n' : renderTable(columns, rows);
}

/** Renders a look at a store. */
export function inspectionText(inspection: Inspection): string {
  return [facts(inspection.path, inspection.store), processes(inspection), cpus(inspection), families(inspection)].join(
    '\n',
  );
}
