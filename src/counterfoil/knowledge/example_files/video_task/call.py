import os
import time

import openai

client = openai.OpenAI(
    base_url=os.environ["COUNTERFOIL_URL"] + "/v1",
    api_key=os.environ["COUNTERFOIL_KEY"],
)
video = client.videos.create(
    model=os.environ["COUNTERFOIL_MODEL"], prompt="Waves at night", seconds="8", size="1280x720"
)
print("task:", video.id, video.status)
while video.status in ("queued", "in_progress"):
    # Asking does not send it again, and costs nothing.
    time.sleep(1)
    video = client.videos.retrieve(video.id)
print("ended:", video.status)
# What it has cost, and whether it was charged, is beside the task.
task = video.model_extra["counterfoil"]
print("charge:", task["charge_mark"], task["charged"], task["currency"])
