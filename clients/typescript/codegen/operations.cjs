// Writes a method for each operation, which returns the value of its one field.
const { Kind, print, stripIgnoredCharacters, visit } = require('graphql');

const lowerFirst = (name) => name[0].toLowerCase() + name.slice(1);
const comment = (text) => `  /** ${(text ?? '').replaceAll(/\s+/g, ' ').replaceAll('*/', '* /')} */`;

function spreadsOf(node, fragments, names = new Set()) {
  visit(node, {
    FragmentSpread({ name }) {
      if (!names.has(name.value)) {
        names.add(name.value);
        spreadsOf(fragments.get(name.value), fragments, names);
      }
    },
  });
  return names;
}

exports.plugin = (schema, documents) => {
  const definitions = documents.flatMap(({ document }) => document.definitions);
  const fragments = new Map(
    definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).map((node) => [node.name.value, node]),
  );
  const operations = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const types = new Set();
  const methods = operations.map((node) => {
    const name = node.name.value;
    const isMutation = node.operation === 'mutation';
    const type = name + (isMutation ? 'Mutation' : 'Query');
    const field = node.selectionSet.selections[0].name.value;
    const description = schema.getRootType(node.operation).getFields()[field].description;
    const parts = [node, ...[...spreadsOf(node, fragments)].sort().map((each) => fragments.get(each))];
    const text = stripIgnoredCharacters(parts.map(print).join('\n'));
    const required = node.variableDefinitions.some(({ type: each }) => each.kind === Kind.NON_NULL_TYPE);
    const parameter = `variables: ${type}Variables${required ? '' : ' = {}'}`;
    const value = `${type}['${field}']`;
    const result = isMutation ? `NonNullable<${value}>` : value;
    types.add(type).add(`${type}Variables`);
    return (
      `${comment(description)}\n  ${lowerFirst(name)}(${parameter}): Promise<${result}> {\n` +
      `    return this.run({ name: '${name}', document: ${JSON.stringify(text)}, field: '${field}' }, variables);\n  }\n`
    );
  });
  return {
    prepend: [
      "// Generated from schema.graphql by `npm run generate`. Do not edit.\n",
      "import type { Operation } from '../operation.js';\n",
      `import type {\n${[...types].sort().map((type) => `  ${type},\n`).join('')}} from './types.js';\n`,
    ],
    content:
      '\n/** A method for each operation. */\nexport abstract class Operations {\n' +
      '  /** Run an operation and return the value of its field. */\n' +
      '  protected abstract run<Result>(operation: Operation, variables: object): Promise<Result>;\n\n' +
      `${methods.join('\n')}}\n`,
  };
};
