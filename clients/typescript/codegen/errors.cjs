// Writes a class for each error code of the schema.
const className = (code) =>
  code
    .split('_')
    .map((word) => word[0] + word.slice(1).toLowerCase())
    .join('') + 'Error';

const comment = (text) => `/** ${(text ?? '').replaceAll(/\s+/g, ' ').replaceAll('*/', '* /')} */`;

exports.plugin = (schema) => {
  const codes = schema.getType('ErrorCode').getValues();
  const classes = codes.map(
    ({ name, description }) =>
      `${comment(description)}\nexport class ${className(name)} extends PrivacyError {\n` +
      `  override readonly name = '${className(name)}';\n  override readonly code = '${name}';\n}\n`,
  );
  const table = codes.map(({ name }) => `  ${name}: ${className(name)},\n`).join('');
  return {
    prepend: ["// Generated from schema.graphql by `npm run generate`. Do not edit.\n", "import { PrivacyError, type ErrorClass } from '../errors.js';\n"],
    content: `\n${classes.join('\n')}\n/** The class of each code. */\nexport const errorClasses: Readonly<Record<string, ErrorClass>> = {\n${table}};\n`,
  };
};
