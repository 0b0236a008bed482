// Templates in the manner of the model families, each with what its models were trained to read.
#include <gtest/gtest.h>

#include <string>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

constexpr std::string_view kTurns = R"({"messages": [
    {"role": "system", "content": "Be kind. "}, {"role": "user", "content": " Hi"},
    {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Bye\n"}],
    "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true})";

TEST(FamiliesTest, SystemInTheFirstUsersMessage) {  // Llama-2
  EXPECT_EQ(Rendered(R"({% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}
{% set system = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system = false %}{% endif %}
{% for message in loop_messages %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
{{ raise_exception('Roles must alternate') }}
{% endif %}
{% if loop.index0 == 0 and system != false %}
{% set content = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + message['content'] %}
{% else %}
{% set content = message['content'] %}
{% endif %}
{% if message['role'] == 'user' %}
{{- bos_token + '[INST] ' + content.strip() + ' [/INST]' -}}
{% elif message['role'] == 'assistant' %}
{{- ' ' + content.strip() + ' ' + eos_token -}}
{% endif %}
{% endfor %})",
                     kTurns),
            "<s>[INST] <<SYS>>\nBe kind. \n<</SYS>>\n\n Hi [/INST] Hello! </s><s>[INST] Bye [/INST]");
}

TEST(FamiliesTest, TagsOnTheirOwnLines) {  // Zephyr, TriLM
  EXPECT_EQ(
      Rendered(
          "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + "
          "message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + "
          "message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ "
          "'<|assistant|>\n' "
          "+ message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n"
          "{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
          kTurns),
      "<|system|>\nBe kind. </s>\n<|user|>\n "
      "Hi</s>\n<|assistant|>\nHello!</s>\n<|user|>\nBye\n</s>\n<|assistant|>\n");
}

TEST(FamiliesTest, HeadersAndTrimmedContents) {  // Llama-3
  EXPECT_EQ(
      Rendered(
          "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = "
          "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + "
          "'<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ "
          "content }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' "
          "}}"
          "{% endif %}",
          kTurns),
      "<s><|start_header_id|>system<|end_header_id|>\n\nBe "
      "kind.<|eot_id|><|start_header_id|>user<|end_header_id|>"
      "\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|><|start_header_id|>"
      "user"
      "<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST(FamiliesTest, ToolsInTheFirstUsersMessage) {  // Llama-3.1
  constexpr std::string_view kSource = R"({{- bos_token }}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- endif %}
{%- endif %}
{#- The system message goes first. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "Today: " + date_string + "\n" + system_message + "<|eot_id|>" }}
{%- if tools is not none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("No user message to put the tools in!") }}
    {%- endif %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- message['role'] + ':' + message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One call at a time!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", "parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}<|eom_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'assistant:' }}
{%- endif %}
)";
  EXPECT_EQ(
      Rendered(kSource, R"({"bos_token": "<s>", "add_generation_prompt": true, "date_string": "26 Jul 2024",
      "tools": [{"name": "f", "p": {}}], "messages": [{"role": "user", "content": " q "},
      {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": "é\"", "b": [1, 0.5]}}}]},
      {"role": "tool", "content": "r\n"}]})"),
      "<s>Today: 26 Jul 2024\n<|eot_id|>{\n    \"name\": \"f\",\n    \"p\": {}\n}\n\nq<|eot_id|>{\"name\": "
      "\"f\", "
      "\"parameters\": {\"a\": \"é\\\"\", \"b\": [1, 0.5]}}<|eom_id|>\"r\\n\"<|eot_id|>assistant:");
  EXPECT_EQ(Rendered(kSource,
                     R"({"bos_token": "", "tools": [], "messages": [{"role": "system", "content": "s"}]})"),
            "error: No user message to put the tools in!");
  EXPECT_EQ(Rendered(kSource, R"({"bos_token": "<s>", "messages": [{"role": "system", "content": "s"},
      {"role": "user", "content": "u"}]})"),
            "<s>Today: 01 Jan 1970\ns<|eot_id|>user:u<|eot_id|>");
}

TEST(FamiliesTest, ThoughtsOfTheLastTurnOnly) {  // Qwen3, Bonsai
  constexpr std::string_view kSource =
      R"({%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == "user" %}
        {{- 'U:' + message.content + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in message.content %}
            {%- set content = message.content.split('</think>')[-1].lstrip('\n') %}
            {%- set reasoning_content = message.content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or reasoning_content) %}
            {{- 'A:<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
        {%- else %}
            {{- 'A:' + content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if (loop.first and content) or (not loop.first) %}
                {{- '\n' }}
            {%- endif %}
            {%- if tool_call.function %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '<tool_call>{"name": "' ~ tool_call.name ~ '", "arguments": ' }}
            {%- if tool_call.arguments is string %}
                {{- tool_call.arguments }}
            {%- else %}
                {{- tool_call.arguments | tojson }}
            {%- endif %}
            {{- '}</tool_call>' }}
        {%- endfor %}
        {{- '\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- 'U:' }}
        {%- endif %}
        {{- '<tool_response>' ~ message.content ~ '</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'A:' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %})";
  EXPECT_EQ(Rendered(kSource, R"({"add_generation_prompt": true, "messages": [
      {"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nold\n</think>\n\nb"},
      {"role": "user", "content": "c"},
      {"role": "assistant", "content": "<think>\nnew\n</think>\n\nd", "tool_calls": [
        {"function": {"name": "f", "arguments": {"x": 1}}}, {"name": "g", "arguments": "{}"}]},
      {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}]})"),
            "U:a\nA:b\nU:c\nA:<think>\nnew\n</think>\n\nd\n<tool_call>{\"name\": \"f\", \"arguments\": "
            "{\"x\": 1}}</tool_call>\n"
            "<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>\nU:<tool_response>1</tool_response>"
            "<tool_response>2</tool_response>\nA:");
  EXPECT_EQ(Rendered(kSource, R"({"add_generation_prompt": true, "enable_thinking": false,
      "messages": [{"role": "user", "content": "a"}]})"),
            "U:a\nA:<think>\n\n</think>\n\n");
  EXPECT_EQ(Rendered(kSource, R"({"messages": [{"role": "user", "content": "a"},
      {"role": "assistant", "content": "\nb", "reasoning_content": "\nr\n"}]})"),
            "U:a\nA:<think>\nr\n</think>\n\nb\n");
}

TEST(FamiliesTest, ToolsAsOneList) {  // Falcon3, Falcon-E
  constexpr std::string_view kSource = R"({%- if tools %}
{{- '<|system|>\n' }}
{%- if messages[0]['role'] == 'system' %}
{{- messages[0]['content'] }}
{%- set remaining_messages = messages[1:] %}
{%- else %}
{%- set remaining_messages = messages %}
{%- endif %}
{{- 'Call these:\n\n<tools>' + tools|tojson(indent=2) + '</tools>\n' }}
{%- for message in remaining_messages %}
{{- '<|' ~ message.role ~ '|>\n' ~ message.content ~ '\n' }}
{%- endfor %}
{{- '<|assistant|>\n' if add_generation_prompt }}
{%- else %}
{%- for message in messages %}
{%- if message['role'] == 'assistant' and loop.last %}
{{- '<|assistant|>\n' + message['content'] + eos_token }}
{%- else %}
{{- '<|' + message['role'] + '|>\n' + message['content'] + '\n' }}
{%- endif %}
{%- if loop.last and add_generation_prompt %}
{{- '<|assistant|>\n' }}
{%- endif %}
{%- endfor %}
{%- endif %})";
  EXPECT_EQ(Rendered(kSource, kTurns),
            "<|system|>\nBe kind. \n<|user|>\n Hi\n<|assistant|>\nHello!\n<|user|>\nBye\n\n<|assistant|>\n");
  EXPECT_EQ(Rendered(kSource, R"({"tools": [{"a": [1]}], "messages": [{"role": "user", "content": "u"}]})"),
            "<|system|>\nCall these:\n\n<tools>[\n  {\n    \"a\": [\n      1\n    ]\n  "
            "}\n]</tools>\n<|user|>\nu\n");
}

TEST(FamiliesTest, RolesThatMustAlternate) {  // Mistral
  constexpr std::string_view kSource =
      "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == "
      "0) %}"
      "{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if message['role'] == 'user' "
      "%}"
      "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
      "{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are "
      "supported!') }}"
      "{% endif %}{% endfor %}";
  EXPECT_EQ(Rendered(kSource, kTurns), "error: Conversation roles must alternate");
  EXPECT_EQ(Rendered(kSource, R"({"bos_token": "<s>", "eos_token": "</s>", "messages": [
      {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]})"),
            "<s>[INST] a [/INST]b</s>[INST] c [/INST]");
}

}  // namespace
}  // namespace bitnet::jinja
