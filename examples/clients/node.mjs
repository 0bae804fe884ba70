// The official SDKs for Node and Vercel's ai against a router: chat, Responses, Messages, streams and tools.
//
//     npm install openai @anthropic-ai/sdk ai @ai-sdk/openai @ai-sdk/anthropic zod
//     make demo                                  # in another terminal
//     node examples/clients/node.mjs             # [base URL] [model] [--plumbing]
//
// With `--plumbing` nothing is asked of what a small model cannot do. Prints one line per check; exits with 1 if one failed.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [base = 'http://127.0.0.1:3000', model = 'auto'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const plumbing = process.argv.includes('--plumbing');

// Packages are looked for where the command runs, so that the examples need no folder of their own for them.
const from = createRequire(pathToFileURL(`${process.cwd()}/`));
const load = async (name) => import(pathToFileURL(from.resolve(name)));

const { default: OpenAI } = await load('openai');
const { default: Anthropic } = await load('@anthropic-ai/sdk');
const { generateText, streamText, tool, jsonSchema } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { createAnthropic } = await load('@ai-sdk/anthropic');

const openai = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'any' });
const anthropic = new Anthropic({ baseURL: base, apiKey: 'any' });
const vercel = {
  chat: createOpenAI({ baseURL: `${base}/v1`, apiKey: 'any' }).chat(model),
  responses: createOpenAI({ baseURL: `${base}/v1`, apiKey: 'any' }).responses(model),
  messages: createAnthropic({ baseURL: `${base}/v1`, apiKey: 'any' })(model),
};

const question = [{ role: 'user', content: 'What is a river? One sentence.' }];
const call = [{ role: 'user', content: 'use tool get_weather for Paris. You must call it.' }];
const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };

const assert = (holds, what) => {
  if (!holds) throw new Error(JSON.stringify(what) ?? String(what));
};

const checks = {
  'openai: chat': async () => {
    const answer = await openai.chat.completions.create({ model, messages: question, max_completion_tokens: 64 });
    assert(answer.choices[0].message.content && answer.usage.total_tokens > 0, answer);
  },
  'openai: chat, streamed': async () => {
    const stream = openai.chat.completions.stream({ model, messages: question, max_completion_tokens: 64 });
    const final = await stream.finalChatCompletion();
    assert(final.choices[0].message.content, final);
  },
  'openai: responses': async () => {
    const answer = await openai.responses.create({ model, input: question, max_output_tokens: 64 });
    assert(answer.output_text && answer.usage.total_tokens > 0, answer);
  },
  'openai: responses, streamed': async () => {
    const stream = openai.responses.stream({ model, input: question, max_output_tokens: 64 });
    let said = '';
    stream.on('response.output_text.delta', (event) => (said += event.delta));
    const final = await stream.finalResponse();
    assert(said && said === final.output_text, final);
  },
  'openai: an unknown model': async () => {
    const error = await openai.responses.create({ model: 'nobody', input: 'x' }).catch((error) => error);
    assert(error instanceof OpenAI.NotFoundError && error.code === 'model_not_found', error);
  },
  'anthropic: messages': async () => {
    const message = await anthropic.messages.create({ model, max_tokens: 64, messages: question });
    assert(message.content.some((block) => block.type === 'text') && message.usage.output_tokens > 0, message);
  },
  'anthropic: messages, streamed': async () => {
    const stream = anthropic.messages.stream({ model, max_tokens: 64, messages: question });
    const final = await stream.finalMessage();
    assert((await stream.finalText()) && final.stop_reason, final);
  },
  'anthropic: tools, streamed': async () => {
    const tools = [{ name: 'get_weather', input_schema: city }];
    const final = await anthropic.messages.stream({ model, max_tokens: 256, messages: call, tools }).finalMessage();
    const used = final.content.find((block) => block.type === 'tool_use');
    if (plumbing && !used) return 'taken; this model calls none';
    assert(used.name === 'get_weather' && 'city' in used.input && final.stop_reason === 'tool_use', final);
  },
  'anthropic: count_tokens': async () => {
    const { input_tokens: tokens } = await anthropic.messages.countTokens({ model, messages: question });
    assert(tokens > 0, tokens);
  },
  'anthropic: an unknown model': async () => {
    const error = await anthropic.messages.create({ model: 'nobody', max_tokens: 9, messages: question }).catch((error) => error);
    assert(error instanceof Anthropic.NotFoundError && error.requestID, error);
  },
};

for (const [surface, which] of Object.entries(vercel)) {
  checks[`ai: ${surface}`] = async () => {
    const { text, usage } = await generateText({ model: which, prompt: question[0].content, maxOutputTokens: 64 });
    assert(text && usage.outputTokens > 0, { text, usage });
  };
  checks[`ai: ${surface}, streamed`] = async () => {
    const result = streamText({ model: which, prompt: question[0].content, maxOutputTokens: 64 });
    let said = '';
    for await (const delta of result.textStream) said += delta;
    assert(said && ['stop', 'length'].includes(await result.finishReason), said);
  };
  checks[`ai: ${surface}, tools`] = async () => {
    const tools = { get_weather: tool({ description: 'The weather of a city.', inputSchema: jsonSchema(city), execute: async () => '21 °C' }) };
    const { toolCalls } = await generateText({ model: which, prompt: call[0].content, tools, maxOutputTokens: 256 });
    if (plumbing && !toolCalls.length) return 'taken; this model calls none';
    assert(toolCalls[0].toolName === 'get_weather' && 'city' in toolCalls[0].input, toolCalls);
  };
}

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    const note = await check();
    console.log(`ok      ${name}${note ? `: ${note}` : ''}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.name}: ${String(error.message).slice(0, 300)}`);
  }
}
const all = Object.keys(checks).length;
console.log(`${all - failed} of ${all} against ${base}, model ${model}, node ${process.version}`);
process.exit(failed ? 1 : 0);
