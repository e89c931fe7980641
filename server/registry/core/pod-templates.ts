import { isDeepStrictEqual } from 'node:util';
import { podTemplates } from '../../../openapi/generated/resources.ts';
import type { PodTemplate } from '../../../openapi/generated/types.ts';
import type { Strategy } from '../strategy.ts';
import { podTemplateTable } from '../table/core.ts';
import { podTemplateFaults } from '../validation/pod-template.ts';
import { withTemplateDefaults } from './pod-defaults.ts';

export const podTemplateStrategy: Strategy<PodTemplate> = {
  resource: podTemplates,
  deleteReturnsObject: true,
  defaults: (object) =>
    object.template === undefined ? object : { ...object, template: withTemplateDefaults(object.template) },
  validate: ({ template }) => podTemplateFaults('template', template),
  generationGrows: (object, old) => !isDeepStrictEqual(object.template, old.template),
  table: podTemplateTable,
};
