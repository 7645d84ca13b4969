// The configuration of graphql-codegen: types by its plugin, methods and errors by the plugins of this folder.

export default {
  schema: '../../schema.graphql',
  documents: ['../operations/*.graphql'],
  generates: {
    'src/generated/types.ts': {
      plugins: ['typescript-operations'],
      config: {
        strictScalars: true,
        immutableTypes: true,
        useTypeImports: true,
        scalars: {
          ID: 'string',
          BigInt: 'number',
          Cursor: 'string',
          Date: 'string',
          DateTime: { input: 'Date | string', output: 'string' },
        },
      },
    },
    'src/generated/operations.ts': { plugins: ['./codegen/operations.cjs'] },
    'src/generated/errors.ts': { plugins: ['./codegen/errors.cjs'] },
  },
};
