import ts from "typescript";
import { readFileSync } from "node:fs";

/** What the doc comments of a source file say about the members of its interfaces and classes. */
export interface DocumentedMember {
  readonly name: string;
  /** As the source has it. */
  readonly type: string;
  readonly optional: boolean;
  /** The comment's text with its lines joined; empty without one. */
  readonly text: string;
}

export interface DocumentedType {
  readonly name: string;
  readonly text: string;
  readonly members: readonly DocumentedMember[];
  /** Names of what it extends. */
  readonly bases: readonly string[];
}

/** Every exported interface, class and type of object literals of a file. */
export function documentedTypes(file: string): DocumentedType[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => {
    const isType =
      ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || ts.isClassDeclaration(statement);
    if (!isType || statement.name === undefined) return [];
    return [
      {
        name: statement.name.text,
        text: commentOf(statement),
        members: membersOf(statement, source),
        bases: ts.isTypeAliasDeclaration(statement) ? [] : basesOf(statement, source),
      },
    ];
  });
}

function basesOf(declaration: ts.InterfaceDeclaration | ts.ClassDeclaration, source: ts.SourceFile): string[] {
  const clauses = declaration.heritageClauses ?? [];
  return clauses.flatMap(({ types }) => types.map(({ expression }) => expression.getText(source)));
}

function membersOf(node: ts.Node, source: ts.SourceFile): DocumentedMember[] {
  const members: DocumentedMember[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isPropertySignature(child) || (ts.isPropertyDeclaration(child) && !isHidden(child))) {
      members.push(memberOf(child, source));
    } else if (!ts.isConstructorDeclaration(child) && !ts.isMethodDeclaration(child)) {
      ts.forEachChild(child, visit);
    }
  };
  ts.forEachChild(node, visit);
  return members;
}

function isHidden(member: ts.PropertyDeclaration): boolean {
  return (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
}

function memberOf(member: ts.PropertySignature | ts.PropertyDeclaration, source: ts.SourceFile): DocumentedMember {
  return {
    name: member.name.getText(source),
    type: (member.type?.getText(source) ?? "").replace(/\s+/gu, " "),
    optional: member.questionToken !== undefined,
    text: commentOf(member),
  };
}

/**
 * The comments on the properties of object literals whose keys are exactly these; empty where there is no such literal.
 *
 * @param within the key that the literal stands at: of several literals with these keys only those count that stand there, if any do
 */
export function commentsOfLiteral(file: string, keys: readonly string[], within: string): ReadonlyMap<string, string> {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: { readonly at: string | undefined; readonly comments: readonly (readonly [string, string])[] }[] = [];
  const visit = (node: ts.Node, at: string | undefined): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const properties = propertiesOf(node, source);
      const named = properties.map((property) => property.name?.getText(source) ?? "");
      if (named.length === keys.length && named.every((name) => keys.includes(name))) {
        const comments = properties.map(
          (property) => [property.name?.getText(source) ?? "", commentOf(property)] as const,
        );
        found.push({ at, comments: comments.filter(([, text]) => text !== "") });
      }
    }
    const below = ts.isPropertyAssignment(node) ? node.name.getText(source) : at;
    ts.forEachChild(node, (child) => visit(child, below));
  };
  visit(source, undefined);
  const there = found.filter(({ at }) => at === within);
  return new Map((there.length > 0 ? there : found).flatMap(({ comments }) => comments));
}

/** With those of a literal of the same file that is spread into it: several schemas share keys so. */
function propertiesOf(literal: ts.ObjectLiteralExpression, source: ts.SourceFile): ts.ObjectLiteralElementLike[] {
  return literal.properties.flatMap((property) => {
    if (!ts.isSpreadAssignment(property)) return [property];
    const shared = source.statements
      .filter(ts.isVariableStatement)
      .flatMap(({ declarationList }) => declarationList.declarations)
      .find(({ name }) => name.getText(source) === property.expression.getText(source))?.initializer;
    return shared !== undefined && ts.isObjectLiteralExpression(shared) ? propertiesOf(shared, source) : [property];
  });
}

function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  const text = comment === undefined ? "" : (ts.getTextOfJSDocComment(comment.comment) ?? "");
  return text.replace(/\s*\n\s*/gu, " ").trim();
}
