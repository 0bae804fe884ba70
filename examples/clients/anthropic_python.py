"""The official Anthropic SDK against a router: messages, streams, tools, thinking, structured answers, errors and retries.

    pip install anthropic
    make demo                                        # in another terminal
    python examples/clients/anthropic_python.py      # [base URL] [model]

The base URL and the model may also stand in ANTHROPIC_BASE_URL and ANTHROPIC_MODEL; unless given they are
http://127.0.0.1:3000 and `auto`. With `--plumbing` as the last argument nothing is asked of what a small model cannot do
(tools, structured answers): what must come back is checked in form alone. Prints one line per check; exits with 1 if one failed.

Runs with the current major version of the SDK and the one before it, which speak different versions of the API.
"""

import json
import os
import sys
import traceback

import anthropic

ARGUMENTS = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
PLUMBING = "--plumbing" in sys.argv
BASE_URL = ARGUMENTS[0] if ARGUMENTS else os.environ.get("ANTHROPIC_BASE_URL", "http://127.0.0.1:3000")
MODEL = ARGUMENTS[1] if len(ARGUMENTS) > 1 else os.environ.get("ANTHROPIC_MODEL", "auto")

client = anthropic.Anthropic(base_url=BASE_URL, api_key="any", timeout=120)

USER = [{"role": "user", "content": "What is a river? One sentence."}]
CALL = [{"role": "user", "content": "use tool get_weather for Paris. You must call it."}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
RIVER = {
    "type": "json_schema",
    "schema": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "length_km": {"type": "integer"}},
        "required": ["name", "length_km"],
        "additionalProperties": False,
    },
}

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def calls_of(message):
    return [block for block in message.content if block.type == "tool_use"]


def raised(kind, **request):
    """The error of that kind that a request raises."""
    try:
        client.messages.create(**{"model": MODEL, "max_tokens": 64, "messages": USER, **request})
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


@check
def models_are_listed():
    page = client.models.list(limit=3)
    ids = [model.id for model in page]
    assert ids[:4] == ["auto", "auto:cost", "auto:quality", "auto:fast"], ids
    assert len(ids) > 4 and len(ids) == len(set(ids)), ids
    assert client.models.retrieve(ids[-1]).id == ids[-1]
    return f"{len(ids)} models, in pages of 3"


@check
def a_message_is_answered():
    message = client.messages.create(model=MODEL, max_tokens=64, messages=USER, system="Be brief.")
    assert message.type == "message" and message.role == "assistant", message
    assert text_of(message) and message.stop_reason in ("end_turn", "max_tokens"), message
    assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0, message.usage
    return f"{message.usage.input_tokens} + {message.usage.output_tokens} tokens"


@check
def betas_are_taken():
    message = client.beta.messages.create(
        model=MODEL, max_tokens=64, messages=USER, betas=["context-management-2025-06-27"]
    )
    assert message.stop_reason in ("end_turn", "max_tokens"), message


@check
def headers_say_who_answered():
    raw = client.messages.with_raw_response.create(
        model=MODEL, max_tokens=16, messages=USER, extra_headers={"x-router-target": "cheapest"}
    )
    for name in ("request-id", "x-router-model", "x-router-provider", "x-router-attempts"):
        assert raw.headers.get(name), f"no {name}"
    assert raw.headers.get("anthropic-ratelimit-requests-remaining"), raw.headers
    assert raw.parse()._request_id == raw.headers["request-id"]
    return raw.headers["x-router-model"]


@check
def preferences_are_taken():
    message = client.messages.create(
        model=MODEL,
        max_tokens=16,
        messages=USER,
        extra_body={"router": {"preferences": {"costWeight": 1, "qualityWeight": 0.5}, "metadata": {"from": "sdk"}}},
    )
    return message.model


@check
def a_stream_adds_up():
    with client.messages.stream(model=MODEL, max_tokens=64, messages=USER) as stream:
        said = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert said and said == text_of(final), (said, final)
    assert final.stop_reason in ("end_turn", "max_tokens"), final
    assert final.usage.input_tokens > 0 and final.usage.output_tokens > 0, final.usage


@check
def raw_events_come_in_order():
    kinds = []
    for event in client.messages.create(model=MODEL, max_tokens=64, messages=USER, stream=True):
        if not kinds or kinds[-1] != event.type:
            kinds.append(event.type)
    assert kinds[0] == "message_start" and kinds.count("message_start") == 1, kinds
    assert kinds[-2:] == ["message_delta", "message_stop"], kinds
    return " ".join(kinds)


@check
def tools_are_called_and_answered():
    choice = {"type": "auto"} if PLUMBING else {"type": "any"}
    try:
        message = client.messages.create(
            model=MODEL, max_tokens=256, messages=CALL, tools=[WEATHER], tool_choice=choice
        )
    except anthropic.BadRequestError as error:
        # Anthropic's newest models refuse to be forced.
        assert "forced" in str(error) or "tool_choice" in str(error), error
        message = client.messages.create(model=MODEL, max_tokens=256, messages=CALL, tools=[WEATHER])
    calls = calls_of(message)
    if PLUMBING and not calls:
        return "taken; this model calls none"
    assert message.stop_reason == "tool_use" and calls[0].name == "get_weather", message
    assert "city" in calls[0].input, message
    result = {"type": "tool_result", "tool_use_id": calls[0].id, "content": [{"type": "text", "text": "21 °C"}]}
    turns = CALL + [
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in message.content]},
        {"role": "user", "content": [result, {"type": "text", "text": "Well?"}]},
    ]
    after = client.messages.create(model=MODEL, max_tokens=64, messages=turns, tools=[WEATHER])
    assert text_of(after) or calls_of(after), after


@check
def tools_are_streamed():
    with client.messages.stream(model=MODEL, max_tokens=256, messages=CALL, tools=[WEATHER]) as stream:
        final = stream.get_final_message()
    calls = calls_of(final)
    if PLUMBING and not calls:
        return "taken; this model calls none"
    assert calls[0].name == "get_weather" and "city" in calls[0].input, final
    assert final.stop_reason == "tool_use", final


@check
def thinking_is_taken():
    message = client.messages.create(
        model=MODEL, max_tokens=4096, messages=USER, thinking={"type": "enabled", "budget_tokens": 1024}
    )
    kinds = [block.type for block in message.content]
    assert "text" in kinds or PLUMBING, message
    return " ".join(kinds)


@check
def structured_answers_keep_to_the_schema():
    message = client.messages.create(model=MODEL, max_tokens=128, messages=USER, extra_body={"output_config": {"format": RIVER}})
    if PLUMBING and message.stop_reason == "max_tokens":
        return "taken; cut by the limit"
    river = json.loads(text_of(message))
    assert set(river) == {"name", "length_km"}, river


@check
def tokens_are_counted():
    short = client.messages.count_tokens(model=MODEL, messages=USER).input_tokens
    long = client.messages.count_tokens(model=MODEL, messages=USER, system="Be brief. " * 50).input_tokens
    assert 0 < short < long, (short, long)
    return f"{short} and {long}"


@check
def an_unknown_model_is_not_found():
    error = raised(anthropic.NotFoundError, model="claude-nobody")
    assert error.body["error"]["type"] == "not_found_error", error.body
    return error.body["error"]["message"][:60]


@check
def bad_requests_name_the_field():
    error = raised(anthropic.BadRequestError, messages=[{"role": "user", "content": [{"type": "text"}]}])
    assert error.body["error"]["message"].startswith("messages.0.content.0.text"), error.body
    error = raised(anthropic.BadRequestError, extra_body={"router": {"preferences": {"costWieght": 1}}})
    assert "router.preferences.costWieght" in error.body["error"]["message"], error.body
    assert error.request_id, "no request id"


@check
def a_prompt_that_fits_nowhere_is_said_to_be_too_long():
    error = raised(anthropic.BadRequestError, messages=[{"role": "user", "content": "word " * 1_900_000}])
    message = error.body["error"]["message"]
    assert message.startswith("prompt is too long: ") and " maximum" in message, message
    return message


@check
def what_no_retry_helps_is_not_retried():
    with anthropic.Anthropic(base_url=BASE_URL, api_key="any", max_retries=3) as retrying:
        try:
            retrying.messages.create(model="nobody-knows-me", max_tokens=16, messages=USER)
        except anthropic.APIStatusError as error:
            assert error.request.headers.get("x-stainless-retry-count", "0") == "0"
            return f"{error.status_code}, asked once"
    raise AssertionError("no error")


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
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} against {BASE_URL}, model {MODEL}, anthropic {anthropic.__version__}")
    sys.exit(1 if failed else 0)


main()
