# COUNTERFOIL_URL is the address of the gateway without /v1, COUNTERFOIL_KEY your key.
curl -sS "$COUNTERFOIL_URL/v1/chat/completions" \
  -H "Authorization: Bearer $COUNTERFOIL_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "'"$COUNTERFOIL_MODEL"'", "messages": [{"role": "user", "content": "Hello"}]}' \
  | python3 -m json.tool
