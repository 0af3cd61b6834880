import os

import openai

client = openai.OpenAI(
    base_url=os.environ["COUNTERFOIL_URL"] + "/v1",
    api_key=os.environ["COUNTERFOIL_KEY"],
)


def send(prompt):
    # The key names what is meant, so it is the same however often this is sent.
    raw = client.videos.with_raw_response.create(
        model=os.environ["COUNTERFOIL_MODEL"],
        prompt=prompt,
        seconds="8",
        size="1280x720",
        extra_headers={"Idempotency-Key": "storyboard-7-scene-2"},
    )
    return raw.parse().id, raw.headers.get("x-counterfoil-repeated", "false")


first, repeated = send("Waves at night")
print("first:", first, "repeated:", repeated)
again, repeated = send("Waves at night")
print("again:", again, "repeated:", repeated)
print("the same task:", first == again)
try:
    send("Waves at noon")
except openai.APIStatusError as error:
    print("other content:", error.status_code, error.code)
