"""Frameworks against a router: LangChain, Pydantic AI, Instructor and llm, each over every API that it speaks.

    pip install langchain-openai langchain-anthropic 'pydantic-ai-slim[openai,anthropic]' instructor llm
    make demo                                              # in another terminal
    python examples/clients/frameworks_python.py           # [base URL] [model] [--plumbing]

With `--plumbing` nothing is asked of what a small model cannot do. Prints one line per check; exits with 1 if one failed.
"""

import importlib.metadata
import json
import os
import sys
import tempfile
import traceback

ARGUMENTS = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
PLUMBING = "--plumbing" in sys.argv
BASE_URL = ARGUMENTS[0] if ARGUMENTS else "http://127.0.0.1:3000"
MODEL = ARGUMENTS[1] if len(ARGUMENTS) > 1 else "auto"
QUESTION = "What is a river? One sentence."
CALL = "use tool get_weather for Paris. You must call it."

# Libraries look here; nothing of the machine's own settings is to reach them.
os.environ |= {"OPENAI_API_KEY": "any", "ANTHROPIC_API_KEY": "any", "LLM_USER_PATH": tempfile.mkdtemp()}

CHECKS = []


def check(function):
    CHECKS.append((function.__name__.replace("_", " "), function))
    return function


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"21 °C in {city}"


def langchain(kind):
    if kind == "messages":
        from langchain_anthropic import ChatAnthropic

        return ChatAnthropic(model=MODEL, base_url=BASE_URL, api_key="any", max_tokens=128)
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        model=MODEL,
        base_url=f"{BASE_URL}/v1",
        api_key="any",
        max_tokens=128,
        use_responses_api=kind == "responses",
        # Not by itself where the address is not OpenAI's.
        stream_usage=True,
    )


def pydantic_ai(kind):
    if kind == "messages":
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        return AnthropicModel(MODEL, provider=AnthropicProvider(api_key="any", base_url=BASE_URL))
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    which = OpenAIResponsesModel if kind == "responses" else OpenAIChatModel
    return which(MODEL, provider=OpenAIProvider(api_key="any", base_url=f"{BASE_URL}/v1"))


def text_of(message):
    return message.content if isinstance(message.content, str) else message.text


def of_each_api(kind):
    @check
    def langchain_is_answered():
        message = langchain(kind).invoke(QUESTION)
        assert str(text_of(message)).strip() and message.usage_metadata["total_tokens"] > 0, message

    @check
    def langchain_streams():
        whole = None
        for chunk in langchain(kind).stream(QUESTION):
            whole = chunk if whole is None else whole + chunk
        assert str(text_of(whole)).strip() and whole.usage_metadata["output_tokens"] > 0, whole

    @check
    def langchain_calls_tools():
        from langchain_core.tools import tool

        message = langchain(kind).bind_tools([tool(get_weather)]).invoke(CALL)
        if PLUMBING and not message.tool_calls:
            return "taken; this model calls none"
        assert message.tool_calls[0]["name"] == "get_weather" and "city" in message.tool_calls[0]["args"], message
        return None

    @check
    def pydantic_ai_is_answered():
        from pydantic_ai import Agent

        result = Agent(pydantic_ai(kind)).run_sync(QUESTION, model_settings={"max_tokens": 128})
        assert result.output.strip(), result

    @check
    def pydantic_ai_runs_tools():
        from pydantic_ai import Agent

        agent = Agent(pydantic_ai(kind), tools=[get_weather])
        result = agent.run_sync(CALL if not PLUMBING else QUESTION, model_settings={"max_tokens": 256})
        assert result.output.strip(), result

    for place in range(-5, 0):
        name, function = CHECKS[place]
        CHECKS[place] = (f"{name} ({kind})", function)


for api in ("chat", "responses", "messages"):
    of_each_api(api)


@check
def instructor_fills_a_model():
    import instructor
    import openai
    from pydantic import BaseModel

    class River(BaseModel):
        name: str
        length_km: int

    client = instructor.from_openai(
        openai.OpenAI(base_url=f"{BASE_URL}/v1", api_key="any"), mode=instructor.Mode.JSON_SCHEMA
    )
    if PLUMBING:
        return "not asked of a small model"
    river = client.chat.completions.create(
        model=MODEL, response_model=River, messages=[{"role": "user", "content": QUESTION}], max_retries=0
    )
    return river.model_dump_json()


@check
def llm_is_answered():
    import llm
    from llm.default_plugins.openai_models import Chat

    model = Chat("routed", model_name=MODEL, api_base=f"{BASE_URL}/v1")
    model.key = "any"
    assert str(model.prompt(QUESTION, stream=False)).strip()
    assert "".join(model.prompt(QUESTION)).strip()
    assert llm.__name__ == "llm"


def main():
    failed = 0
    for name, function in CHECKS:
        try:
            print(f"ok      {name}" + (f": {note}" if (note := function()) else ""))
        except Exception as error:  # whatever it is, the other checks are still worth running
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {str(error)[:300]}")
            if "--trace" in sys.argv:
                traceback.print_exc()
    names = ("langchain-openai", "langchain-anthropic", "pydantic-ai-slim", "instructor", "llm")
    versions = json.dumps({name: importlib.metadata.version(name) for name in names})
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} against {BASE_URL}, model {MODEL}, {versions}")
    sys.exit(1 if failed else 0)


main()
