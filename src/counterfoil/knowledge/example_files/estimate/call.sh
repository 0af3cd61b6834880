# The call's own body, sent to /v1/estimate: nothing is reserved, charged or recorded.
curl -sS "$COUNTERFOIL_URL/v1/estimate?endpoint=/v1/chat/completions" \
  -H "Authorization: Bearer $COUNTERFOIL_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "'"$COUNTERFOIL_MODEL"'", "max_tokens": 200, "messages": [{"role": "user", "content": "Hello"}]}' \
  | python3 -m json.tool
