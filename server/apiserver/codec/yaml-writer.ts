import {
  isJsonObject,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from '../../../openapi/machinery/json.ts';
import { compareKeys } from './yaml-keys.ts';

/** Text is broken at a space once a line is longer. */
const lineWidth = 80;
const indentStep = 2;

/**
 * YAML as Kubernetes writes it: keys in natural order, lists not indented below their key, plain text where it reads as text,
 * double quotes where it would read as something else, single quotes where it has YAML's own marks, blocks for several lines.
 */
export function yamlText(value: JsonValue): string {
  if (isJsonObject(value) && Object.keys(value).length > 0) return mapText(value, 0);
  if (Array.isArray(value) && value.length > 0) return listText(value as JsonArray, 0);
  return `${scalarText(value, 0, 0)}\n`;
}

/** Lines of a map whose first line is indented already. */
function mapText(map: JsonObject, indent: number): string {
  const pad = ' '.repeat(indent);
  return Object.keys(map)
    .sort(compareKeys)
    .map((key, index) => {
      const name = keyText(key);
      const value = map[key] ?? null;
      return `${index === 0 ? '' : pad}${name}:${memberText(value, indent, indent + name.length + 1)}`;
    })
    .join('');
}

function memberText(value: JsonValue, indent: number, column: number): string {
  if (isJsonObject(value) && Object.keys(value).length > 0) {
    const inner = indent + indentStep;
    return `\n${' '.repeat(inner)}${mapText(value, inner)}`;
  }
  if (Array.isArray(value) && value.length > 0) {
    return `\n${' '.repeat(indent)}${listText(value as JsonArray, indent)}`;
  }
  return ` ${scalarText(value, indent, column + 1)}\n`;
}

/** Lines of a list whose first line is indented already. */
function listText(list: JsonArray, indent: number): string {
  const pad = ' '.repeat(indent);
  const inner = indent + indentStep;
  return list
    .map((item, index) => {
      const start = index === 0 ? '- ' : `${pad}- `;
      if (isJsonObject(item) && Object.keys(item).length > 0) return start + mapText(item, inner);
      if (Array.isArray(item) && item.length > 0) return start + listText(item as JsonArray, inner);
      return `${start}${scalarText(item, indent, inner)}\n`;
    })
    .join('');
}

function keyText(key: string): string {
  if (key.includes('\n') || key.length > 128) return JSON.stringify(key);
  return lineText(key);
}

/** A string, number, boolean or null, or an empty map or list. */
function scalarText(value: JsonValue, indent: number, column: number): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (value.includes('\n') && isBlockSafe(value)) return blockText(value, indent + indentStep);
  const text = lineText(value);
  return text.startsWith('"') ? text : folded(text, indent + indentStep, column);
}

function lineText(value: string): string {
  if (readsAsSomethingElse(value) || !isPrintable(value)) return JSON.stringify(value);
  return isPlainSafe(value) ? value : `'${value.replaceAll("'", "''")}'`;
}

const otherTypes =
  /^(?:|~|null|Null|NULL|<<|y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const number =
  /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)$/;
const date = /^\d{4}-\d\d?-\d\d?(?:$|[Tt ]+\d\d?:\d\d:\d\d(?:\.\d*)? *(?:Z|[-+]\d\d?(?::?\d\d)?)?$)/;

function readsAsSomethingElse(value: string): boolean {
  return otherTypes.test(value) || number.test(value) || date.test(value);
}

function isPrintable(value: string): boolean {
  return !/[\p{Cc}\u2028\u2029\ufeff]|\p{Surrogate}/u.test(value);
}

/** No mark of YAML at a place where it means something. */
function isPlainSafe(value: string): boolean {
  if (/^[ ]|[ ]$|^(?:---|\.\.\.)/.test(value)) return false;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(value) || /^[-?:](?: |$)/.test(value)) return false;
  return !/: |:$| #/.test(value);
}

function isBlockSafe(value: string): boolean {
  return isPrintable(value.replaceAll('\n', '')) && !/ (?:\n|$)/.test(value);
}

function blockText(value: string, indent: number): string {
  const hint = /^[ \n]/.test(value) ? String(indentStep) : '';
  const chomp = !value.endsWith('\n') ? '-' : value === '\n' || value.endsWith('\n\n') ? '+' : '';
  const pad = ' '.repeat(indent);
  const lines = (value.endsWith('\n') ? value.slice(0, -1) : value).split('\n');
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : pad + line)).join('\n')}`;
}

/** Breaks a long line at single spaces; the word that crosses the width stays on its line. */
function folded(text: string, indent: number, column: number): string {
  if (column + text.length <= lineWidth) return text;
  const words = text.split(/(?<! ) (?! )/);
  let result = '';
  let at = column;
  for (const [index, word] of words.entries()) {
    const breaks = index > 0 && at > lineWidth;
    if (index > 0) {
      result += breaks ? `\n${' '.repeat(indent)}` : ' ';
      at = breaks ? indent : at + 1;
    }
    result += word;
    at += word.length;
  }
  return result;
}
