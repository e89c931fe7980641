import { type JsonObject, type JsonValue, isJsonObject } from '../../../openapi/machinery/json.ts';
import { ProtoWriter } from './proto-writer.ts';

/**
 * The Swagger 2.0 document in the protobuf form of openapi.v2.Document, which kubectl up to 1.28 reads before every create and apply,
 * and takes nothing else for. Field numbers are those of that message definition.
 */
export function openApiV2Protobuf(jsonText: Uint8Array): Uint8Array {
  const document: unknown = JSON.parse(Buffer.from(jsonText).toString());
  return isJsonObject(document) ? writeMessage(messages.Document, document).bytes() : new Uint8Array();
}

type MessageName = keyof typeof messages;
/** How one JSON member is written: its kind, and for messages which one. */
type Field =
  | readonly [number, 'string' | 'bool' | 'integer' | 'double' | 'any' | 'strings' | 'anys']
  | readonly [number, 'message' | 'messages', string]
  | readonly [number, 'custom', (writer: ProtoWriter, field: number, value: JsonValue) => void];

interface Message {
  readonly fields: Readonly<Record<string, Field>>;
  /** Where members whose names begin with "x-" go. */
  readonly extensions?: number;
}

function items(firstNumber: number, collectionFormat = true): Record<string, Field> {
  const names: [string, Field[1]][] = [
    ...(collectionFormat ? ([['collectionFormat', 'string']] as [string, Field[1]][]) : []),
    ['default', 'any'],
    ['maximum', 'double'],
    ['exclusiveMaximum', 'bool'],
    ['minimum', 'double'],
    ['exclusiveMinimum', 'bool'],
    ['maxLength', 'integer'],
    ['minLength', 'integer'],
    ['pattern', 'string'],
    ['maxItems', 'integer'],
    ['minItems', 'integer'],
    ['uniqueItems', 'bool'],
    ['enum', 'anys'],
    ['multipleOf', 'double'],
  ];
  return Object.fromEntries(names.map(([name, kind], i) => [name, [firstNumber + i, kind] as Field]));
}

function pathOrHeaderParameter(): Message {
  return {
    fields: {
      required: [1, 'bool'],
      in: [2, 'string'],
      description: [3, 'string'],
      name: [4, 'string'],
      type: [5, 'string'],
      format: [6, 'string'],
      items: [7, 'message', 'PrimitivesItems'],
      ...items(8),
    },
    extensions: 22,
  };
}

function queryOrFormParameter(): Message {
  return {
    fields: {
      required: [1, 'bool'],
      in: [2, 'string'],
      description: [3, 'string'],
      name: [4, 'string'],
      allowEmptyValue: [5, 'bool'],
      type: [6, 'string'],
      format: [7, 'string'],
      items: [8, 'message', 'PrimitivesItems'],
      ...items(9),
    },
    extensions: 23,
  };
}

const messages = {
  Document: {
    fields: {
      swagger: [1, 'string'],
      info: [2, 'message', 'Info'],
      host: [3, 'string'],
      basePath: [4, 'string'],
      schemes: [5, 'strings'],
      consumes: [6, 'strings'],
      produces: [7, 'strings'],
      paths: [8, 'custom', writePaths],
      definitions: [9, 'custom', writeSchemas],
      parameters: [10, 'custom', writeParameterDefinitions],
      security: [12, 'custom', writeSecurity],
      securityDefinitions: [13, 'custom', writeSecurityDefinitions],
    },
    extensions: 16,
  },
  Info: {
    fields: { title: [1, 'string'], version: [2, 'string'], description: [3, 'string'] },
    extensions: 7,
  },
  PathItem: {
    fields: {
      get: [2, 'message', 'Operation'],
      put: [3, 'message', 'Operation'],
      post: [4, 'message', 'Operation'],
      delete: [5, 'message', 'Operation'],
      options: [6, 'message', 'Operation'],
      head: [7, 'message', 'Operation'],
      patch: [8, 'message', 'Operation'],
      parameters: [9, 'custom', writeParameters],
    },
    extensions: 10,
  },
  Operation: {
    fields: {
      tags: [1, 'strings'],
      summary: [2, 'string'],
      description: [3, 'string'],
      operationId: [5, 'string'],
      produces: [6, 'strings'],
      consumes: [7, 'strings'],
      parameters: [8, 'custom', writeParameters],
      responses: [9, 'custom', writeResponses],
      schemes: [10, 'strings'],
      deprecated: [11, 'bool'],
    },
    extensions: 13,
  },
  BodyParameter: {
    fields: {
      description: [1, 'string'],
      name: [2, 'string'],
      in: [3, 'string'],
      required: [4, 'bool'],
      schema: [5, 'message', 'Schema'],
    },
    extensions: 6,
  },
  HeaderParameter: pathOrHeaderParameter(),
  PathParameter: pathOrHeaderParameter(),
  FormDataParameter: queryOrFormParameter(),
  QueryParameter: queryOrFormParameter(),
  PrimitivesItems: {
    fields: {
      type: [1, 'string'],
      format: [2, 'string'],
      items: [3, 'message', 'PrimitivesItems'],
      ...items(4),
    },
    extensions: 18,
  },
  Response: {
    fields: { description: [1, 'string'], schema: [2, 'custom', writeSchemaItem] },
    extensions: 5,
  },
  Reference: { fields: { $ref: [1, 'string'], description: [2, 'string'] } },
  ApiKey: {
    fields: { type: [1, 'string'], name: [2, 'string'], in: [3, 'string'], description: [4, 'string'] },
    extensions: 5,
  },
  Schema: {
    fields: {
      $ref: [1, 'string'],
      format: [2, 'string'],
      title: [3, 'string'],
      description: [4, 'string'],
      default: [5, 'any'],
      multipleOf: [6, 'double'],
      maximum: [7, 'double'],
      exclusiveMaximum: [8, 'bool'],
      minimum: [9, 'double'],
      exclusiveMinimum: [10, 'bool'],
      maxLength: [11, 'integer'],
      minLength: [12, 'integer'],
      pattern: [13, 'string'],
      maxItems: [14, 'integer'],
      minItems: [15, 'integer'],
      uniqueItems: [16, 'bool'],
      maxProperties: [17, 'integer'],
      minProperties: [18, 'integer'],
      required: [19, 'strings'],
      enum: [20, 'anys'],
      additionalProperties: [21, 'custom', writeAdditionalProperties],
      type: [22, 'custom', writeType],
      items: [23, 'custom', writeItems],
      allOf: [24, 'messages', 'Schema'],
      properties: [25, 'custom', writeSchemas],
      discriminator: [26, 'string'],
      readOnly: [27, 'bool'],
      example: [30, 'any'],
    },
    extensions: 31,
  },
} satisfies Record<string, Message>;

function writeMessage(message: Message, value: JsonObject): ProtoWriter {
  const writer = new ProtoWriter();
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined || member === null) continue;
    const field = Object.hasOwn(message.fields, name) ? message.fields[name] : undefined;
    if (field !== undefined) writeField(writer, field, member);
    else if (name.startsWith('x-') && message.extensions !== undefined) {
      writer.message(message.extensions, named(name, any(member)));
    }
  }
  return writer;
}

function writeField(writer: ProtoWriter, field: Field, value: JsonValue): void {
  const [number, kind, detail] = field;
  if (typeof detail === 'function') detail(writer, number, value);
  else if (kind === 'message' && isJsonObject(value)) {
    writer.message(number, writeMessage(messages[detail as MessageName], value));
  } else if (kind === 'messages') {
    for (const each of objects(value))
      writer.message(number, writeMessage(messages[detail as MessageName], each));
  } else writeScalar(writer, number, kind, value);
}

function writeScalar(writer: ProtoWriter, number: number, kind: Field[1], value: JsonValue): void {
  if (kind === 'string' && typeof value === 'string') writer.string(number, value);
  else if (kind === 'bool') writer.bool(number, value === true);
  else if (kind === 'integer') writer.integer(number, Number(value));
  else if (kind === 'double') writer.double(number, Number(value));
  else if (kind === 'any') writer.message(number, any(value));
  else if (Array.isArray(value)) {
    for (const each of value as readonly JsonValue[]) {
      if (kind === 'anys') writer.message(number, any(each));
      else if (typeof each === 'string') writer.string(number, each);
    }
  }
}

function writePaths(writer: ProtoWriter, field: number, value: JsonValue): void {
  const paths = new ProtoWriter();
  for (const [path, item] of members(value))
    paths.message(2, named(path, writeMessage(messages.PathItem, item)));
  writer.message(field, paths);
}

function writeSchemas(writer: ProtoWriter, field: number, value: JsonValue): void {
  const schemas = new ProtoWriter();
  for (const [name, schema] of members(value))
    schemas.message(1, named(name, writeMessage(messages.Schema, schema)));
  writer.message(field, schemas);
}

function writeParameterDefinitions(writer: ProtoWriter, field: number, value: JsonValue): void {
  const definitions = new ProtoWriter();
  for (const [name, parameter] of members(value))
    definitions.message(1, named(name, parameterMessage(parameter)));
  writer.message(field, definitions);
}

function writeParameters(writer: ProtoWriter, field: number, value: JsonValue): void {
  for (const parameter of objects(value)) {
    const item = new ProtoWriter();
    if (parameter['$ref'] === undefined) item.message(1, parameterMessage(parameter));
    else item.message(2, writeMessage(messages.Reference, parameter));
    writer.message(field, item);
  }
}

function parameterMessage(parameter: JsonObject): ProtoWriter {
  const wrapper = new ProtoWriter();
  if (parameter['in'] === 'body') {
    wrapper.message(1, writeMessage(messages.BodyParameter, parameter));
    return wrapper;
  }
  const forms: Readonly<Record<string, readonly [number, Message]>> = {
    header: [1, messages.HeaderParameter],
    formData: [2, messages.FormDataParameter],
    path: [4, messages.PathParameter],
  };
  const [number, message] = forms[typeof parameter['in'] === 'string' ? parameter['in'] : ''] ?? [
    3,
    messages.QueryParameter,
  ];
  const inner = new ProtoWriter();
  inner.message(number, writeMessage(message, parameter));
  wrapper.message(2, inner);
  return wrapper;
}

function writeResponses(writer: ProtoWriter, field: number, value: JsonValue): void {
  const responses = new ProtoWriter();
  for (const [code, response] of members(value)) {
    const item = new ProtoWriter();
    if (response['$ref'] === undefined) item.message(1, writeMessage(messages.Response, response));
    else item.message(2, writeMessage(messages.Reference, response));
    responses.message(1, named(code, item));
  }
  writer.message(field, responses);
}

function writeSchemaItem(writer: ProtoWriter, field: number, value: JsonValue): void {
  if (!isJsonObject(value)) return;
  const item = new ProtoWriter();
  item.message(1, writeMessage(messages.Schema, value));
  writer.message(field, item);
}

function writeAdditionalProperties(writer: ProtoWriter, field: number, value: JsonValue): void {
  const item = new ProtoWriter();
  if (isJsonObject(value)) item.message(1, writeMessage(messages.Schema, value));
  else item.bool(2, value === true);
  writer.message(field, item);
}

function writeType(writer: ProtoWriter, field: number, value: JsonValue): void {
  const item = new ProtoWriter();
  for (const each of Array.isArray(value) ? (value as readonly JsonValue[]) : [value]) {
    if (typeof each === 'string') item.string(1, each);
  }
  writer.message(field, item);
}

function writeItems(writer: ProtoWriter, field: number, value: JsonValue): void {
  const list = new ProtoWriter();
  for (const each of isJsonObject(value) ? [value] : objects(value)) {
    list.message(1, writeMessage(messages.Schema, each));
  }
  writer.message(field, list);
}

function writeSecurity(writer: ProtoWriter, field: number, value: JsonValue): void {
  for (const requirement of objects(value)) {
    const item = new ProtoWriter();
    for (const name of Object.keys(requirement)) item.message(1, named(name, new ProtoWriter()));
    writer.message(field, item);
  }
}

function writeSecurityDefinitions(writer: ProtoWriter, field: number, value: JsonValue): void {
  const definitions = new ProtoWriter();
  for (const [name, definition] of members(value)) {
    const item = new ProtoWriter();
    item.message(2, writeMessage(messages.ApiKey, definition));
    definitions.message(1, named(name, item));
  }
  writer.message(field, definitions);
}

/** Values of any shape travel as YAML text; JSON is YAML. */
function any(value: JsonValue): ProtoWriter {
  const writer = new ProtoWriter();
  writer.string(2, `${JSON.stringify(value)}\n`);
  return writer;
}

function named(name: string, value: ProtoWriter): ProtoWriter {
  const writer = new ProtoWriter();
  writer.string(1, name);
  writer.message(2, value);
  return writer;
}

function members(value: JsonValue): [string, JsonObject][] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]));
}

function objects(value: JsonValue): JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}
