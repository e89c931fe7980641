/** While a definition has it, its objects are not all gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
