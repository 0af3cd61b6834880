import os

import anthropic

# Without /v1: the client adds it.
client = anthropic.Anthropic(
    base_url=os.environ["COUNTERFOIL_URL"],
    api_key=os.environ["COUNTERFOIL_KEY"],
)
try:
    raw = client.messages.with_raw_response.create(
        model=os.environ["COUNTERFOIL_MODEL"],
        messages=[{"role": "user", "content": "Hello"}],
        max_tokens=20,
    )
except anthropic.APIStatusError as error:
    print(error.status_code, error.body["error"]["code"], error.request_id)
else:
    message = raw.parse()
    print("answered:", message.stop_reason)
    print("tokens:", message.usage.input_tokens, "in,", message.usage.output_tokens, "out")
    print("request:", raw.headers["x-request-id"])
    print("charge:", raw.headers["x-counterfoil-charge"])
