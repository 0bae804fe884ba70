"""The official OpenAI SDK against a router: chat, streams, tools, structured answers, errors and retries.

    pip install openai
    make demo                                        # in another terminal
    python examples/clients/openai_python.py         # [base URL] [model]

The base URL and the model may also stand in OPENAI_BASE_URL and OPENAI_MODEL; unless given they are
http://127.0.0.1:3000/v1 and `auto`. With `--plumbing` as the last argument nothing is asked of what a small model cannot do
(tools, structured answers): what must come back is checked in form alone. Prints one line per check; exits with 1 if one failed.
"""

import json
import os
import sys
import time
import traceback

import openai

ARGUMENTS = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
PLUMBING = "--plumbing" in sys.argv
BASE_URL = ARGUMENTS[0] if ARGUMENTS else os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:3000/v1")
MODEL = ARGUMENTS[1] if len(ARGUMENTS) > 1 else os.environ.get("OPENAI_MODEL", "auto")

# The keys of callers are not looked at; one is needed because the SDK insists.
client = openai.OpenAI(base_url=BASE_URL, api_key="any", timeout=120)

USER = [{"role": "user", "content": "What is a river? One sentence."}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
RIVER = {
    "type": "json_schema",
    "json_schema": {
        "name": "river",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "length_km": {"type": "integer"}},
            "required": ["name", "length_km"],
            "additionalProperties": False,
        },
    },
}

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def raised(kind, **request):
    """The error of that kind that a request raises."""
    try:
        client.chat.completions.create(**{"model": MODEL, "messages": USER, **request})
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def asked(**request):
    """How often the SDK asks, with its own retries, when a request fails; and the error."""
    with openai.OpenAI(base_url=BASE_URL, api_key="any", max_retries=3) as retrying:
        try:
            retrying.chat.completions.create(**{"model": MODEL, "messages": USER, **request})
        except openai.APIStatusError as error:
            # It counts its retries for the server.
            return 1 + int(error.request.headers["x-stainless-retry-count"]), error
    raise AssertionError("no error")


@check
def models_are_listed():
    ids = [model.id for model in client.models.list()]
    assert ids[:4] == ["auto", "auto:cost", "auto:quality", "auto:fast"], ids
    assert len(ids) > 4, ids
    assert client.models.retrieve(ids[-1]).id == ids[-1]
    return f"{len(ids)} models"


@check
def chat_is_answered():
    answer = client.chat.completions.create(model=MODEL, messages=USER, max_completion_tokens=64)
    assert answer.object == "chat.completion" and answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content, answer
    assert answer.choices[0].finish_reason in ("stop", "length"), answer
    usage = answer.usage
    assert usage.prompt_tokens > 0 and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage
    return f"{usage.total_tokens} tokens"


@check
def headers_say_who_answered():
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=USER, max_completion_tokens=16, extra_headers={"x-router-target": "cheapest"}
    )
    for name in ("x-request-id", "x-router-model", "x-router-provider", "x-router-attempts"):
        assert raw.headers.get(name), f"no {name}"
    assert raw.headers.get("x-ratelimit-remaining-requests"), raw.headers
    assert raw.parse()._request_id == raw.headers["x-request-id"]
    return raw.headers["x-router-model"]


@check
def preferences_are_taken():
    answer = client.chat.completions.create(
        model=MODEL,
        messages=USER,
        max_completion_tokens=16,
        extra_body={"router": {"preferences": {"costWeight": 1, "qualityWeight": 0.5}, "metadata": {"from": "sdk"}}},
    )
    assert answer.choices[0].message.content is not None
    return answer.model


@check
def a_stream_adds_up():
    text, finish, usage, chunks = "", None, None, 0
    stream = client.chat.completions.create(
        model=MODEL,
        messages=USER,
        max_completion_tokens=64,
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        chunks += 1
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    assert text and finish in ("stop", "length"), (text, finish)
    assert usage and usage.completion_tokens > 0, usage
    return f"{chunks} chunks"


@check
def the_streaming_helper_works():
    with client.chat.completions.stream(model=MODEL, messages=USER, max_completion_tokens=32) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(deltas) == final.choices[0].message.content, deltas


@check
def a_stream_can_be_left():
    begun = time.monotonic()
    with client.chat.completions.create(model=MODEL, messages=USER, stream=True) as stream:
        next(iter(stream))
    assert time.monotonic() - begun < 30


@check
def tools_are_called_and_answered():
    messages = [{"role": "user", "content": "use tool get_weather for Paris. You must call it."}]
    choice = "auto" if PLUMBING else {"type": "function", "function": {"name": "get_weather"}}
    answer = client.chat.completions.create(
        model=MODEL, messages=messages, tools=[WEATHER], tool_choice=choice, max_completion_tokens=64
    )
    calls = answer.choices[0].message.tool_calls
    if PLUMBING and not calls:
        return "taken; this model calls none"
    assert calls[0].function.name == "get_weather", answer
    assert "city" in json.loads(calls[0].function.arguments), answer
    messages += [
        answer.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": calls[0].id, "content": '{"celsius": 21}'},
    ]
    after = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER], max_completion_tokens=64)
    assert after.choices[0].message.content or after.choices[0].message.tool_calls, after


@check
def tools_are_streamed():
    name, arguments = "", ""
    stream = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "use tool get_weather for Paris. You must call it."}],
        tools=[WEATHER],
        stream=True,
        max_completion_tokens=64,
    )
    for chunk in stream:
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                name += call.function.name or ""
                arguments += call.function.arguments or ""
    if PLUMBING and not name:
        return "taken; this model calls none"
    assert name == "get_weather" and "city" in json.loads(arguments), (name, arguments)


@check
def structured_answers_keep_to_the_schema():
    answer = client.chat.completions.create(
        model=MODEL, messages=USER, response_format=RIVER, max_completion_tokens=128
    )
    if PLUMBING and answer.choices[0].finish_reason == "length":
        return "taken; cut by the limit"
    river = json.loads(answer.choices[0].message.content)
    assert set(river) == {"name", "length_km"}, river


RESPONSE_TOOL = {"type": "function", **WEATHER["function"]}
RESPONSE_FORMAT = {"format": {"type": "json_schema", **RIVER["json_schema"]}}


@check
def a_response_is_answered():
    answer = client.responses.create(model=MODEL, input=USER[0]["content"], instructions="Be brief.", max_output_tokens=64)
    assert answer.output_text and answer.status in ("completed", "incomplete"), answer
    usage = answer.usage
    assert usage.input_tokens > 0 and usage.total_tokens == usage.input_tokens + usage.output_tokens, usage
    return f"{usage.total_tokens} tokens"


@check
def a_response_streams():
    with client.responses.stream(model=MODEL, input=USER, max_output_tokens=64) as stream:
        said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert said and said == final.output_text, (said, final)


@check
def events_of_a_response_are_numbered():
    stream = client.responses.create(model=MODEL, input=USER, max_output_tokens=64, stream=True)
    numbers = [(event.sequence_number, event.type) for event in stream]
    assert [number for number, _ in numbers] == list(range(len(numbers))), numbers
    assert numbers[0][1] == "response.created" and numbers[-1][1] in ("response.completed", "response.incomplete")
    return f"{len(numbers)} events"


@check
def tools_of_a_response_are_called_and_answered():
    asked = [{"role": "user", "content": "use tool get_weather for Paris. You must call it."}]
    with client.responses.stream(model=MODEL, input=asked, tools=[RESPONSE_TOOL], max_output_tokens=128) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_response()
    calls = [item for item in answer.output if item.type == "function_call"]
    if PLUMBING and not calls:
        return "taken; this model calls none"
    assert calls[0].name == "get_weather" and "city" in json.loads(calls[0].arguments), answer
    back = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in answer.output]
    result = {"type": "function_call_output", "call_id": calls[0].call_id, "output": '{"celsius": 21}'}
    after = client.responses.create(model=MODEL, input=[*asked, *back, result], tools=[RESPONSE_TOOL], max_output_tokens=64)
    assert after.output_text or after.output, after


@check
def structured_responses_keep_to_the_schema():
    answer = client.responses.create(model=MODEL, input=USER, text=RESPONSE_FORMAT, max_output_tokens=128)
    if PLUMBING and answer.status == "incomplete":
        return "taken; cut by the limit"
    assert set(json.loads(answer.output_text)) == {"name", "length_km"}, answer


@check
def what_openai_keeps_is_refused_by_name():
    try:
        client.responses.create(model=MODEL, input=USER, previous_response_id="resp_1")
    except openai.BadRequestError as error:
        assert error.param == "previous_response_id", error.body
        return error.code
    raise AssertionError("no error")


@check
def an_unknown_model_is_not_found():
    error = raised(openai.NotFoundError, model="gpt-4oo")
    assert error.code == "model_not_found" and error.param == "model", error.body
    return error.message[:60]


@check
def bad_requests_name_the_field():
    error = raised(openai.BadRequestError, temperature=9)
    assert error.param == "temperature" and error.type == "invalid_request_error", error.body
    error = raised(openai.BadRequestError, extra_body={"router": {"preferences": {"costWieght": 1}}})
    assert error.param == "router.preferences.costWieght", error.body
    error = raised(openai.BadRequestError, extra_headers={"x-router-min-quality": "2"})
    assert error.param == "x-router-min-quality", error.body
    assert error.request_id, "no request id"


@check
def what_no_retry_helps_is_not_retried():
    sent, error = asked(model="nobody-knows-me")
    assert sent == 1, f"{sent} requests"
    return f"{error.status_code}, asked once"


# Needs a model that always fails, which only the operator of the router can provide: the registry names none.
@check
def spent_attempts_are_not_multiplied():
    model = os.environ.get("FAULTED_MODEL")
    if not model:
        return "skipped: FAULTED_MODEL names no model that always fails"
    sent, error = asked(model=model, extra_headers={"x-router-fallbacks": "false"})
    assert error.response.headers["x-should-retry"] in ("true", "false")
    if error.response.headers["x-should-retry"] == "false":
        assert sent == 1, f"{sent} requests"
    assert error.status_code != 401
    return f"{error.status_code} {error.code}, asked {sent} times"


def main():
    failed = 0
    for function in CHECKS:
        name = function.__name__.replace("_", " ")
        try:
            print(f"ok      {name}" + (f": {note}" if (note := function()) else ""))
        except Exception as error:  # whatever it is, the other checks are still worth running
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {error}")
            if "--trace" in sys.argv:
                traceback.print_exc()
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} against {BASE_URL}, model {MODEL}, openai {openai.__version__}")
    sys.exit(1 if failed else 0)


main()
