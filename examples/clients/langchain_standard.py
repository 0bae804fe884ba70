"""LangChain's own suite for chat models, over the APIs that its clients speak to a router.

    pip install langchain-openai langchain-anthropic langchain-tests pytest pytest-asyncio
    ROUTER_URL=http://127.0.0.1:3000 ROUTER_MODEL=auto pytest examples/clients/langchain_standard.py

The suite asks for answers that a model has to be able to give; with a small one the tests of its skill fail, with any router or none.
"""

import os

from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

BASE_URL = os.environ.get("ROUTER_URL", "http://127.0.0.1:3000")
MODEL = os.environ.get("ROUTER_MODEL", "auto")
PARAMETERS = {"model": MODEL, "api_key": os.environ.get("ROUTER_KEY", "any"), "max_tokens": 64}


class Suite(ChatModelIntegrationTests):
    # What a small model cannot do is not asked of any.
    has_tool_calling = False
    has_structured_output = False


class TestChat(Suite):
    chat_model_class = ChatOpenAI
    chat_model_params = {**PARAMETERS, "base_url": f"{BASE_URL}/v1", "use_responses_api": False, "stream_usage": True}


class TestResponses(Suite):
    chat_model_class = ChatOpenAI
    chat_model_params = {**PARAMETERS, "base_url": f"{BASE_URL}/v1", "use_responses_api": True}


class TestMessages(Suite):
    chat_model_class = ChatAnthropic
    chat_model_params = {**PARAMETERS, "base_url": BASE_URL}


# It is a base, not a suite of its own.
del Suite, ChatModelIntegrationTests
