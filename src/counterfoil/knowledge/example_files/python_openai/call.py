import os

import openai

client = openai.OpenAI(
    base_url=os.environ["COUNTERFOIL_URL"] + "/v1",
    api_key=os.environ["COUNTERFOIL_KEY"],
)
try:
    raw = client.chat.completions.with_raw_response.create(
        model=os.environ["COUNTERFOIL_MODEL"],
        messages=[{"role": "user", "content": "Hello"}],
        max_tokens=20,
    )
except openai.APIStatusError as error:
    # The code says why; the request id is what to look up and what support asks for.
    print(error.status_code, error.code, error.request_id)
else:
    completion = raw.parse()
    print("answered:", completion.choices[0].finish_reason)
    print("tokens:", completion.usage.prompt_tokens, "in,", completion.usage.completion_tokens, "out")
    print("request:", raw.headers["x-request-id"])
    print("charge:", raw.headers["x-counterfoil-charge"])
